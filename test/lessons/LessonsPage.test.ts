/** Keeps docs/lessons.md and the names of the tests together: each lesson is a test that names it. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

const page = readFileSync("docs/lessons.md", "utf8")

/** `L-05 restart without change` and the files that the page names for it. */
const rows = [...page.matchAll(/^\| (L-\d\d [^|]+?) \|.*\| ([^|]+) \|$/gm)].map(([, lesson = "", files = ""]) => ({
  lesson,
  files: files.split(", ")
}))

/** What stands in parentheses at the end of a test's name, by file. */
const named = new Map(
  readdirSync("test", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".test.ts")).map((name) => {
    const endings = readFileSync(`test/${name}`, "utf8").matchAll(/\((L-\d\d [^()\n]+)\)["`']/g)
    return [name, [...endings].flatMap(([, lessons = ""]) => lessons.split(/, (?=L-)/))] as const
  })
)

describe("docs/lessons.md", () => {
  it("has every lesson once, without gaps", () => {
    const numbers = rows.map(({ lesson }) => lesson.slice(0, 4)).toSorted()
    assert.isAbove(numbers.length, 50)
    assert.deepStrictEqual(numbers, numbers.map((_, index) => `L-${String(index + 1).padStart(2, "0")}`))
  })

  it("names for each lesson the files whose tests name it", () =>
    assert.deepStrictEqual(
      rows.flatMap(({ files, lesson }) =>
        files.filter((file) => named.get(file)?.includes(lesson) !== true).map((file) => `${lesson}: ${file}`)
      ),
      []
    ))

  it("has every lesson that a test names, with its file", () => {
    const told = new Map(rows.map(({ files, lesson }) => [lesson, files]))
    const untold = [...named].flatMap(([file, lessons]) =>
      lessons.filter((lesson) => told.get(lesson)?.includes(file) !== true).map((lesson) => `${lesson}: ${file}`)
    )
    assert.deepStrictEqual([...new Set(untold)], [])
  })
})
