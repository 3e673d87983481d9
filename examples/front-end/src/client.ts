import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import { resuming } from "./resuming.js";

export function newClient(uri: string): ApolloClient {
  const live = createClient({ url: uri.replace(/^http/, "ws"), retryAttempts: Infinity });
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(resuming(live)),
      new HttpLink({ uri }),
    ),
    cache: new InMemoryCache({
      typePolicies: {
        Query: { fields: { auditTrail: relayStylePagination(["filter", "orderBy"]) } },
      },
    }),
  });
}
