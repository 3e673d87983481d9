import { ApolloProvider } from "@apollo/client/react";
import { createRoot } from "react-dom/client";
import { Audit } from "./audit.js";
import { newClient } from "./client.js";
import { Profile } from "./profile.js";

/** Shows a customer and what was recorded in the book; gives back how to take both away again. */
export function open(root: Element, uri: string, customerId: string): () => void {
  const page = createRoot(root);
  page.render(
    <ApolloProvider client={newClient(uri)}>
      <Profile id={customerId} />
      <Audit />
    </ApolloProvider>,
  );
  return () => page.unmount();
}
