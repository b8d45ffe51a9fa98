import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { kubectlLines } from "../../../../src/programs/cli/demo/KubectlLines.ts"

describe("kubectlLines", () => {
  it("makes CRDs come before what is of their kinds in an empty cluster", () => {
    const text = kubectlLines({ port: 8001, empty: true })
    const crds = text.indexOf("apply -f deploy/00-ns.yaml -f deploy/01-crd.yaml")
    assert.isAbove(crds, 0)
    assert.isAbove(text.indexOf("apply -f deploy/nodeptpcfg_cr.yaml"), crds)
  })

  it.each([false, true])("names the server in each line, and only files that exist (empty: %s)", (empty) => {
    const lines = kubectlLines({ port: 18_001, empty }).split("\n").filter((line) => line.includes("kubectl"))
    assert.isAbove(lines.length, 3)
    for (const line of lines) assert.match(line, /^ {2}kubectl -s http:\/\/127\.0\.0\.1:18001 [^#]+$/)
    const files = lines.flatMap((line) => line.match(/deploy\/\S+/g) ?? [])
    for (const file of files) assert.isTrue(existsSync(`${import.meta.dirname}/../../../../${file}`), file)
  })
})
