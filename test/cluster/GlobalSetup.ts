/**
 * Runs once before the cluster tests: finds or builds the programs they need, and passes their paths to every test
 * file.
 */
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
