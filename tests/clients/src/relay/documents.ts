// What a Relay front end would write beside its components: fragments, a list that pages, and parts fetched anew.
import { graphql } from "relay-runtime";

export const CARD = graphql`
  fragment documents_card on Case @refetchable(queryName: "documentsCardQuery") {
    number
    sourceKey
    status
    priority
    version
  }
`;

export const HISTORY = graphql`
  fragment documents_history on Case
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" })
  @refetchable(queryName: "documentsHistoryQuery") {
    history(first: $first, after: $after) @connection(key: "documents_history") {
      edges { node { version topic } }
    }
  }
`;

export const LIST = graphql`
  fragment documents_list on Query
  @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" })
  @refetchable(queryName: "documentsListQuery") {
    cases(first: $first, after: $after, filter: { kind: COMPLAINT }) @connection(key: "documents_cases") {
      edges { node { id ...documents_card ...documents_history } }
      pageInfo { endCursor hasNextPage }
    }
  }
`;

export const BOARD = graphql`
  query documentsBoardQuery {
    ledgerHead { position time }
    ...documents_list
  }
`;

export const PRIORITISE = graphql`
  mutation documentsPrioritiseMutation($input: PrioritiseCaseInput!) {
    prioritiseCase(input: $input) {
      case { ...documents_card }
      userErrors { code }
    }
  }
`;
