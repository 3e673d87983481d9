// The types of the documents in src/, for Apollo Client and urql.
import { readFileSync } from "node:fs";
import type { CodegenConfig } from "@graphql-codegen/cli";

const published = "../../api/graphql";

export default {
  importExtension: ".js",
  schema: `${published}/schema.graphql`,
  documents: ["src/apollo.ts", "src/urql.ts"],
  generates: {
    "src/gql/": {
      preset: "client",
      config: {
        scalars: JSON.parse(readFileSync(`${published}/codegen-scalars.json`, "utf8")),
        strictScalars: true,
        useTypeImports: true,
      },
      presetConfig: { fragmentMasking: false },
    },
  },
} satisfies CodegenConfig;
