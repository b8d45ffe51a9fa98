/**
 * Turns the errors that Schema found in an object into rows that a person understands: the field in kubectl's spelling,
 * and one sentence. It works for every kind that people write.
 */
import { SchemaIssue } from "effect"

/** One wrong field: `path` reads like `spec.recommend[0].priority`. */
export interface FieldProblem {
  readonly path: string
  readonly message: string
}

/** At most this many rows per object. Further ones are only counted. */
export const mostFieldProblems = 20

/** `["spec", "recommend", 0, "priority"]` as `spec.recommend[0].priority`. */
export const fieldPath = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`
    const name = String(key)
    if (!/^[A-Za-z_][\w-]*$/.test(name)) return `${text}[${JSON.stringify(shorten(name))}]`
    return text === "" ? name : `${text}.${name}`
  }, "")

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

/** How a value is shown in a message: JSON, cut at 40 characters. Of lists and maps only the type is shown. */
export const showValue = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(shorten(value))
  if (Array.isArray(value)) return "a list"
  if (typeof value === "object" && value !== null) return "a map"
  return String(value)
}

const expected = (issue: SchemaIssue.Issue): string => {
  switch (issue._tag) {
    case "InvalidType":
    case "AnyOf":
      return nameOfType(issue.ast)
    case "Filter":
      return String(issue.filter.annotations?.["expected"] ?? "a valid value")
    default:
      return "a valid value"
  }
}

const nameOfType = (ast: Extract<SchemaIssue.Issue, { readonly _tag: "InvalidType" }>["ast"]): string => {
  const named = ast.annotations?.["expected"]
  if (typeof named === "string") return named
  switch (ast._tag) {
    case "String":
      return "a string"
    case "Number":
      return "a number"
    case "Boolean":
      return "true or false"
    case "Arrays":
      return "a list"
    case "Objects":
      return "a map"
    case "Union":
      return ast.types.map((type) => (type._tag === "Literal" ? showValue(type.literal) : nameOfType(type))).join(
        " or "
      )
    default:
      return "a valid value"
  }
}

const rowsOf = (issue: SchemaIssue.Issue, path: ReadonlyArray<PropertyKey>): ReadonlyArray<FieldProblem> => {
  switch (issue._tag) {
    case "Pointer":
      return rowsOf(issue.issue, [...path, ...issue.path])
    case "Composite":
      return issue.issues.flatMap((inner) => rowsOf(inner, path))
    case "Encoding":
      return rowsOf(issue.issue, path)
    case "MissingKey":
      return [{ path: fieldPath(path), message: "is missing" }]
    default: {
      if (SchemaIssue.hasInput(issue) && issue.input === undefined) {
        return [{ path: fieldPath(path), message: "is missing" }]
      }
      const found = SchemaIssue.hasInput(issue) ? `, not ${showValue(issue.input)}` : ""
      return [{ path: fieldPath(path), message: `must be ${expected(issue)}${found}` }]
    }
  }
}

/**
 * Every wrong field below `root`, in the order of the schema. At most 20; the last row then says how many more there
 * are.
 */
export const fieldProblems = (issue: SchemaIssue.Issue, root: string): ReadonlyArray<FieldProblem> => {
  const rows = rowsOf(issue, [root])
  if (rows.length <= mostFieldProblems) return rows
  return [...rows.slice(0, mostFieldProblems), {
    path: root,
    message: `has ${rows.length - mostFieldProblems} more wrong fields`
  }]
}
