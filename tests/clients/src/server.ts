// Where the server is that the clients are tried against.
const said = process.env.DAYBOOK_URL;
if (!said) {
  throw new Error("DAYBOOK_URL says where the server is, such as http://127.0.0.1:8000/graphql.");
}

export const url: string = said;

/** What is there. Throws when there is nothing. */
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) {
    throw new Error("Something was to be here.");
  }
  return value;
}
