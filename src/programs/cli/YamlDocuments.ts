/** The documents of a YAML text, read as Kubernetes reads them. `plan` and the demo use it. */
import { Result } from "effect"
import { type Document, parseAllDocuments } from "yaml"

/** The values of all documents, or one line that says what is wrong. An empty document is null. Never throws. */
export const yamlDocuments = (text: string): ReadonlyArray<Result.Result<unknown, string>> => {
  // Merge keys are allowed as in YAML 1.1; a repeated key is an error.
  const documents = parseAllDocuments(text, { merge: true, uniqueKeys: true, logLevel: "silent" })
  return "empty" in documents ? [] : documents.map(valueOf)
}

/** The parser limits the size to which aliases expand, and throws beyond it. */
const valueOf = (document: Document.Parsed): Result.Result<unknown, string> => {
  const [error] = document.errors
  if (error !== undefined) return Result.fail(firstLine(error.message))
  return Result.try({ try: (): unknown => document.toJS(), catch: (cause) => firstLine(String(cause)) })
}

const firstLine = (text: string): string => text.split("\n", 1)[0]?.replace(/:$/, "") ?? text
