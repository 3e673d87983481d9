import { useQuery, useSubscription } from "@apollo/client/react";
import { graphql } from "./gql/gql.js";

const HEAD = graphql(`
  query Head {
    ledgerHead { consistencyToken }
  }
`);
const CASE = graphql(`
  query OneCase($id: ID!, $token: ConsistencyToken!) {
    case(id: $id, consistencyToken: $token) { id number status version }
  }
`);
const CHANGED = graphql(`
  subscription CaseChanged($id: ID!, $after: ConsistencyToken!) {
    caseChanged(id: $id, after: $after) {
      consistencyToken
      case { id number status version }
    }
  }
`);

export function LiveCase({ id }: { id: string }) {
  // What is shown begins at this token, and what is told of it later does too, so that nothing falls between them.
  const token = useQuery(HEAD).data?.ledgerHead.consistencyToken ?? "";
  const { data, error } = useQuery(CASE, { variables: { id, token }, skip: !token });
  const live = useSubscription(CHANGED, { variables: { id, after: token }, skip: !token });
  const wrong = error ?? live.error;
  if (wrong) return <p role="alert">{wrong.message}</p>;
  if (!data) return <p>…</p>;
  // The cache knows the case by its id, so that what is told of it changes what the query gave.
  return <p>{data.case ? `${data.case.number} ${data.case.status}, version ${data.case.version}` : "no such case"}</p>;
}
