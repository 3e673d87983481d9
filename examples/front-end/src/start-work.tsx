import { useMutation } from "@apollo/client/react";
import { useMemo } from "react";
import { graphql } from "./gql/gql.js";

const START_WORK = graphql(`
  mutation StartWork($input: StartWorkInput!) {
    startWork(input: $input) {
      case { id status version allowedActions(only: ["startWork"]) { refusedBecause { message } } }
      userErrors { code message }
    }
  }
`);

export function StartWork({ id, version }: { id: string; version: number }) {
  // One for each thing that is asked: sent twice, it is carried out once. A case that moved on is asked about anew.
  const commandId = useMemo(() => crypto.randomUUID(), [id, version]);
  const [start, { data, loading, error }] = useMutation(START_WORK);
  const input = { commandId, caseId: id, expectedVersion: version };
  const said = error ? [error.message] : (data?.startWork.userErrors ?? []).map(({ message }) => message);
  return (
    <>
      <button disabled={loading} onClick={() => void start({ variables: { input } })}>Start</button>
      {said.map((message) => <p role="alert" key={message}>{message}</p>)}
    </>
  );
}
