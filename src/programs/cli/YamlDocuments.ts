/** The documents of a YAML text, read as Kubernetes reads them. `plan` and the demo read their manifests with it. */
import { Result } from "effect"
import { type Document, parseAllDocuments } from "yaml"

/** The values of all documents, or what is wrong with one, in a line. An empty document is null. Never throws. */
export const yamlDocuments = (text: string): ReadonlyArray<Result.Result<unknown, string>> => {
  // Merge keys as in YAML 1.1, and no key twice.
  const documents = parseAllDocuments(text, { merge: true, uniqueKeys: true, logLevel: "silent" })
  return "empty" in documents ? [] : documents.map(valueOf)
}

/** The parser bounds what aliases may unfold to, by throwing. */
const valueOf = (document: Document.Parsed): Result.Result<unknown, string> => {
  const [error] = document.errors
  if (error !== undefined) return Result.fail(firstLine(error.message))
  return Result.try({ try: (): unknown => document.toJS(), catch: (cause) => firstLine(String(cause)) })
}

const firstLine = (text: string): string => text.split("\n", 1)[0]?.replace(/:$/, "") ?? text
