/** Recorded output of linuxptp as the supervisor would hand it on, and processes to have printed it. */
import { readFileSync } from "node:fs"
import type { Program } from "../../../src/services/linuxptp/Program.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import {
  newProcessStatus,
  type ProcessLine,
  type ProcessStatus
} from "../../../src/services/processes/ProcessSupervisor.ts"

/** A spec that differs from others only where a test says so. */
export const specOf = (program: Program, change: Partial<ProcessSpec> = {}): ProcessSpec => ({
  id: `${program}-profile1-00000000`,
  program,
  profile: "profile1",
  config: "config1",
  argv: [program],
  files: {},
  directory: `/run/test/${program}`,
  after: [],
  interfaces: program === "ptp4l" ? ["ens1f0"] : [],
  ...change
})

/** A process that runs for the first time. */
export const statusOf = (spec: ProcessSpec, change: Partial<ProcessStatus> = {}): ProcessStatus => ({
  ...newProcessStatus(spec),
  state: "Running",
  wasReady: true,
  pid: 42,
  run: 1,
  ...change
})

/** A line of a run of a process. */
export const lineOf = (spec: ProcessSpec, text: string, run = 1): ProcessLine => ({ spec, run, stream: "stdout", text })

/** A message of the spec's own program in its frame. */
export const saidBy = (spec: ProcessSpec, message: string, run = 1): ProcessLine =>
  lineOf(spec, `${spec.program}[10.000]: ${message}`, run)

/** The lines of a recording in test/fixtures/logs, without the remarks that stand between them. */
export const recorded = (name: string): ReadonlyArray<string> =>
  readFileSync(new URL(`../../fixtures/logs/${name}.txt`, import.meta.url), "utf8").split("\n").filter((line) =>
    line !== "" && !line.startsWith("####") && !line.startsWith("$ ")
  )
