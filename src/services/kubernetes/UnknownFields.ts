/**
 * Fields of a manifest that its kind does not have. The API server removes them before a daemon can see them, so only
 * `plan` can tell. The known fields are those of the schema, and nowhere else.
 */
import type { Schema } from "effect"
import { didYouMean, didYouMeanText } from "../DidYouMean.ts"
import { fieldPath, type FieldProblem, mostFieldProblems } from "./FieldProblems.ts"

type Ast = Schema.Top["ast"]
type Path = ReadonlyArray<PropertyKey>

/** An unknown field, and the fields that its place has. */
interface UnknownField {
  readonly path: Path
  readonly name: string
  readonly here: ReadonlyArray<string>
}

/**
 * One row for each unknown field of `value`, at most 20; the last row then says how many more there are. `foreign` are
 * fields that people bring along from elsewhere, and what to do instead.
 */
export const unknownFields = (
  value: unknown,
  schema: Schema.Top,
  foreign: ReadonlyMap<string, string>
): ReadonlyArray<FieldProblem> => {
  const found = unknownBelow(value, schema.ast, [])
  if (found.length === 0) return []
  const places = placesOf(schema.ast, "")
  const rows = found.slice(0, mostFieldProblems).map(({ here, name, path }) => ({
    path: fieldPath(path),
    message: `is an unknown field and has no effect${advice(name, here, places, foreign)}`
  }))
  const more = found.length - rows.length
  return more === 0 ? rows : [...rows, { path: "", message: `has ${more} more unknown fields` }]
}

const unknownBelow = (value: unknown, ast: Ast, path: Path): ReadonlyArray<UnknownField> => {
  if (Array.isArray(value)) {
    const item = ast._tag === "Arrays" ? ast.rest[0] : undefined
    return item === undefined ? [] : value.flatMap((one: unknown, index) => unknownBelow(one, item, [...path, index]))
  }
  const fields = fieldsOf(ast)
  if (fields === undefined || typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    const known = fields.get(name)
    if (known === undefined) return [{ path: [...path, name], name, here: [...fields.keys()] }]
    return unknownBelow(field, known, [...path, name])
  })
}

/** The fields of a struct. Undefined for anything else: a map may have any key. */
const fieldsOf = (ast: Ast): ReadonlyMap<string, Ast> | undefined =>
  ast._tag === "Objects" && ast.indexSignatures.length === 0
    ? new Map(ast.propertySignatures.map(({ name, type }) => [String(name), type]))
    : undefined

/** Where each field belongs: `priority` to `spec.recommend[]`. The place nearest to the root wins. */
const placesOf = (ast: Ast, place: string): ReadonlyMap<string, string> => {
  if (ast._tag === "Arrays") return ast.rest[0] === undefined ? new Map() : placesOf(ast.rest[0], `${place}[]`)
  const fields = [...fieldsOf(ast) ?? []]
  const below = fields.flatMap(([name, type]) => [...placesOf(type, place === "" ? name : `${place}.${name}`)])
  return new Map([...below.toReversed(), ...fields.map(([name]): [string, string] => [name, place])])
}

const advice = (
  name: string,
  here: ReadonlyArray<string>,
  places: ReadonlyMap<string, string>,
  foreign: ReadonlyMap<string, string>
): string => {
  const known = foreign.get(name)
  if (known !== undefined) return `: ${known}`
  const nearHere = didYouMeanText(name, here)
  if (nearHere !== "") return nearHere
  const elsewhere = didYouMean(name, places.keys())
  if (elsewhere === undefined) return ""
  const place = places.get(elsewhere) ?? ""
  return ` (${elsewhere} is a field of ${place === "" ? "the object itself" : place})`
}
