import type { Client } from "graphql-ws";

interface Told {
  consistencyToken: string;
}

/** The same client, whose subscriptions go on behind the last item that they were told when the connection was lost. */
export function resuming(client: Client): Client {
  return {
    ...client,
    subscribe(payload, sink) {
      const asked = { ...payload, variables: { ...payload.variables } as Record<string, unknown> };
      return client.subscribe(asked, {
        ...sink,
        next(result) {
          for (const item of Object.values((result.data ?? {}) as Record<string, Partial<Told> | null>)) {
            if (item?.consistencyToken) asked.variables.after = item.consistencyToken;
          }
          sink.next(result);
        },
      });
    },
  };
}
