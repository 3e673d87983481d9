import { ApolloProvider } from "@apollo/client/react";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { Audit } from "./audit.js";
import { newClient } from "./client.js";
import { LiveCase } from "./live-case.js";
import { Profile } from "./profile.js";

/** Shows a customer and what was recorded in the book; gives back how to take both away again. */
export function open(root: Element, uri: string, customerId: string): () => void {
  return shown(
    root,
    uri,
    <>
      <Profile id={customerId} />
      <Audit />
    </>,
  );
}

/** Shows a case, and goes on showing how it stands; gives back how to take it away again. */
export function openCase(root: Element, uri: string, caseId: string): () => void {
  return shown(root, uri, <LiveCase id={caseId} />);
}

function shown(root: Element, uri: string, page: ReactNode): () => void {
  const rendered = createRoot(root);
  rendered.render(<ApolloProvider client={newClient(uri)}>{page}</ApolloProvider>);
  return () => rendered.unmount();
}
