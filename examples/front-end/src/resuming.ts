import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from "graphql-ws";

/** The same client, whose subscriptions go on behind the last item that they were told when the connection was lost. */
export function resuming(client: Client): Client {
  function subscribe<D, E>(payload: SubscribePayload, sink: Sink<FormattedExecutionResult<D, E>>): () => void {
    const variables: Record<string, unknown> = { ...payload.variables };
    const next = (result: FormattedExecutionResult<D, E>) => {
      const [item] = Object.values((result.data ?? {}) as Record<string, { consistencyToken?: string } | null>);
      if (item?.consistencyToken) variables.after = item.consistencyToken;
      sink.next(result);
    };
    return client.subscribe<D, E>({ ...payload, variables }, { ...sink, next });
  }
  return { ...client, subscribe };
}
