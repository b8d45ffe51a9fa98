/** Before the cluster tests: finds or builds what they run against, once, and tells every test file of it. */
import type { TestProject } from "vitest/node"
import { type BinarySearch, findBinaries } from "./ControlPlaneBinaries.ts"

declare module "vitest" {
  interface ProvidedContext {
    readonly controlPlane: BinarySearch
  }
}

const say = (line: string) => void process.stderr.write(`cluster tests: ${line}\n`)

export default async (project: TestProject): Promise<void> => {
  const search = await findBinaries(say)
  if (search._tag === "Missing") say(`skipped: ${search.reason}`)
  project.provide("controlPlane", search)
}
