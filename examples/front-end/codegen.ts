import { readFileSync } from "node:fs";
import type { CodegenConfig } from "@graphql-codegen/cli";

const daybook = "../../api/graphql"; // where schema.graphql and codegen-scalars.json lie

export default {
  importExtension: ".js",
  schema: `${daybook}/schema.graphql`,
  documents: "src/*.tsx",
  generates: {
    "src/gql/": {
      preset: "client",
      config: {
        scalars: JSON.parse(readFileSync(`${daybook}/codegen-scalars.json`, "utf8")),
        strictScalars: true,
        useTypeImports: true,
      },
      presetConfig: { fragmentMasking: false },
    },
  },
} satisfies CodegenConfig;
