// What graphql-eslint holds the published schema to: its recommended rules, those of Relay, and a few more.
import graphql from "@graphql-eslint/eslint-plugin";

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: "schema.graphql" } },
    },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      "@graphql-eslint/input-name": [
        "error",
        { checkInputType: true, checkQueries: false, checkMutations: true, caseSensitiveInputType: false },
      ],
      "@graphql-eslint/no-scalar-result-type-on-mutation": "error",
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          EnumValueDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
        },
      ],
      // Relay's specification lets other lists be: `nodes`, and everything that is no page, has no edges. Entries of a
      // register or of a timeline are made when they are asked for, and have no identity of their own.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
      // Most types are values, such as an amount of money or a page: they have no identity, and a cache that found an id
      // in them would keep them apart from what they belong to. tests/api/graphql/test_contract.py says which have one.
      "@graphql-eslint/strict-id-in-types": "off",
      // Wants the name of the parent nowhere in its fields. A grade has a `grade`, and a visit is named by its `visitId`
      // in what is asked about it: both are published.
      "@graphql-eslint/no-typename-prefix": "off",
    },
  },
];
