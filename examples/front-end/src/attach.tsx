import type { ApolloClient } from "@apollo/client";
import { graphql } from "./gql/gql.js";

const CREATE = graphql(`
  mutation CreateAttachment($input: CreateAttachmentInput!) {
    createAttachment(input: $input) { upload { attachmentId url } userErrors { code message } }
  }
`);
const ATTACH = graphql(`
  mutation AttachFile($input: AttachFileInput!) {
    attachFile(input: $input) { attachment { id byteSize download { url } } userErrors { code message } }
  }
`);

/** Puts a file that a customer brought to their case, and gives back the path by which it is fetched. */
export async function attach(client: ApolloClient, server: string, caseId: string, file: File): Promise<string> {
  const said = { fileName: file.name, mediaType: file.type || "application/octet-stream", byteSize: file.size };
  const create = { commandId: crypto.randomUUID(), caseId, ...said };
  const created = (await client.mutate({ mutation: CREATE, variables: { input: create } })).data?.createAttachment;
  if (!created?.upload) throw new Error(created?.userErrors[0]?.message);
  const sent = await fetch(new URL(created.upload.url, server), { method: "PUT", body: file });
  if (!sent.ok) throw new Error((await sent.json()).errors[0].message);
  const { attachmentId } = created.upload;
  const input = { commandId: crypto.randomUUID(), attachmentId, direction: "IN" as const };
  const attached = (await client.mutate({ mutation: ATTACH, variables: { input } })).data?.attachFile;
  if (!attached?.attachment?.download) throw new Error(attached?.userErrors[0]?.message);
  return attached.attachment.download.url;
}
