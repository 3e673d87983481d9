import { useQuery } from "@apollo/client/react";
import { graphql } from "./gql/gql.js";
import type { ProfileQuery } from "./gql/graphql.js";
import { StartWork } from "./start-work.js";

const PROFILE = graphql(`
  query Profile($id: ID!) {
    customer(id: $id) {
      id
      name { state value }
      tier
      openCaseCount
      cases(first: 20) {
        nodes {
          id number status version receivedAt
          allowedActions(only: ["startWork"]) { refusedBecause { message } }
        }
      }
    }
  }
`);

type Name = NonNullable<ProfileQuery["customer"]>["name"];

/** A personal value, or why there is none to be seen. */
function personal(said: Name): string {
  return said?.value ?? (said?.state === "ERASED" ? "(erased)" : "(not shown)");
}

export function Profile({ id }: { id: string }) {
  const { data, error } = useQuery(PROFILE, { variables: { id } });
  if (error) return <p role="alert">{error.message}</p>;
  if (!data) return <p>…</p>;
  if (!data.customer) return <p>There is no such customer.</p>;
  const { name, tier, openCaseCount, cases } = data.customer;
  return (
    <section>
      <h1>{personal(name)}</h1>
      <p>{tier ?? "no tier"}, {openCaseCount} open</p>
      <ul>
        {cases.nodes.map((one) => (
          <li key={one.id}>
            {one.number} {one.status}{" "}
            {one.allowedActions.some((start) => !start.refusedBecause) && <StartWork id={one.id} version={one.version} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
