/** How long a file of src and a function in it may be. The functions are those that a parser finds. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { parseAst } from "rolldown/parseAst"

const mostLinesOfFile = 250
const mostLinesOfFunction = 60

const isNode = (value: unknown): value is { readonly type: string; readonly start: number; readonly end: number } =>
  typeof value === "object" && value !== null && "type" in value

/** Arrow functions, generators and methods too. A nested function counts for the one around it as well. */
const isFunction = (type: string) => /^(ArrowFunctionExpression|FunctionExpression|FunctionDeclaration)$/.test(type)

interface LongFunction {
  readonly firstLine: number
  readonly lines: number
}

const longFunctions = (text: string): ReadonlyArray<LongFunction> => {
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length
  const found: Array<LongFunction> = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (!isNode(value)) return
    if (isFunction(value.type)) {
      const firstLine = lineOf(value.start)
      const lines = lineOf(value.end) - firstLine + 1
      if (lines > mostLinesOfFunction) found.push({ firstLine, lines })
    }
    Object.values(value).forEach(visit)
  }
  visit(parseAst(text, { lang: "ts" }))
  return found
}

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(`src/${name}`, "utf8") }))

describe("size rules", () => {
  it("sees functions of all forms", () => {
    const body = "\n".repeat(mostLinesOfFunction)
    for (
      const text of [
        `const a = () => {${body}}`,
        `const a = () =>${body}1`,
        `export function a(): void {${body}}`,
        `const a = f(function*() {${body}})`,
        `class A { a<B>(b: B) {${body}} }`
      ]
    ) {
      assert.deepStrictEqual(longFunctions(`\n${text}\n`), [{ firstLine: 2, lines: mostLinesOfFunction + 1 }], text)
      assert.deepStrictEqual(longFunctions(text.replace("\n", "")), [], text)
    }
  })

  it(`no source file has more than ${mostLinesOfFile} lines`, () => {
    const long = sources.map(({ name, text }) => ({ name, lines: text.split("\n").length - 1 }))
      .filter(({ lines }) => lines > mostLinesOfFile)
    assert.deepStrictEqual(long, [])
  })

  it(`no function has more than ${mostLinesOfFunction} lines`, () => {
    const long = sources.flatMap(({ name, text }) =>
      longFunctions(text).map(({ firstLine, lines }) => `${name}:${firstLine} has ${lines}`)
    )
    assert.deepStrictEqual(long, [])
  })
})
