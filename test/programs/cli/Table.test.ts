import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { tableLines } from "../../../src/programs/cli/Table.ts"

describe("a table", () => {
  it("is its header alone when there are no rows", () =>
    assert.deepStrictEqual(tableLines(["NAME", "KIND"], []), ["NAME  KIND"]))

  it("makes each column as wide as its widest cell, and leaves no blanks at the end of a line", () =>
    assert.deepStrictEqual(tableLines(["A", "LONG", "C"], [["wide", "x", ""], ["y", "", "last one"]]), [
      "A     LONG  C",
      "wide  x",
      "y           last one"
    ]))

  it("takes characters that would steer a terminal for question marks", () =>
    assert.deepStrictEqual(tableLines(["NODE"], [["a\u001B[2Jb"], ["c\nd"], ["\u202Ee"], ["\u009Bf"], ["µé😀"]]), [
      "NODE",
      "a?[2Jb",
      "c?d",
      "?e",
      "?f",
      "µé😀"
    ]))

  it("has a line for each row, and every column begins at the same place", () =>
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 5 }).chain((columns) => {
        const row = fc.array(fc.string({ minLength: 1 }).map((text) => text.replaceAll(" ", "_")), {
          minLength: columns,
          maxLength: columns
        })
        return fc.array(row, { minLength: 1, maxLength: 8 })
      }),
      ([header = [], ...rows]) => {
        const lines = tableLines(header, rows)
        assert.strictEqual(lines.length, rows.length + 1)
        const starts = lines.map((line) => [...line.matchAll(/(?<=^| {2})[^ ]/g)].map(({ index }) => index))
        for (const start of starts) assert.deepStrictEqual(start, starts[0])
      }
    )))
})
