import { useQuery } from "@apollo/client/react";
import { graphql } from "./gql/gql.js";

const AUDIT = graphql(`
  query Audit($after: String) {
    auditTrail(first: 25, after: $after) {
      edges { node { event { position recordedAt topic actor { name } } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export function Audit() {
  const { data, error, fetchMore } = useQuery(AUDIT);
  if (error) return <p role="alert">{error.message}</p>;
  if (!data) return <p>…</p>;
  const { edges, pageInfo } = data.auditTrail;
  const more = () => void fetchMore({ variables: { after: pageInfo.endCursor } });
  return (
    <section>
      <ol>
        {edges.map(({ node: { event } }) => (
          <li key={event.position}>{event.position} {event.recordedAt} {event.actor.name}: {event.topic}</li>
        ))}
      </ol>
      {pageInfo.hasNextPage && <button onClick={more}>More</button>}
    </section>
  );
}
