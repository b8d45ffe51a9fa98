/** What tests of the simulated linuxptp share: a node with two NICs, processes on it, and the lines they print. */
import { Effect, Layer, Random } from "effect"
import * as SimulatedLinuxptp from "../../../../src/layers/simulated/linuxptp/SimulatedLinuxptp.ts"
import * as SimulatedNetwork from "../../../../src/layers/simulated/linuxptp/SimulatedNetwork.ts"
import type { NetworkInterface } from "../../../../src/services/devices/PtpDevice.ts"
import type { Program } from "../../../../src/services/linuxptp/Program.ts"
import { ProcessRunner } from "../../../../src/services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../../../src/services/processes/ProcessSpec.ts"

export const nodeName = "worker-1"

export const nic = (name: string, phcIndex: number | undefined): NetworkInterface => ({
  name,
  kind: "physical",
  linkUp: true,
  driver: "ice",
  pciAddress: undefined,
  phcIndex,
  hardwareTimestamping: phcIndex !== undefined,
  softwareTimestamping: true,
  notCapable: phcIndex === undefined ? "the NIC has no PTP hardware clock (PHC)" : undefined
})

/** linuxptp of `version` on a node with ens1f0, ens1f1 (both on PHC 0), ens2f0 (PHC 1) and eth0 (none). */
export const layerOf = (version = { major: 4, minor: 4, patch: 0 }) =>
  SimulatedLinuxptp.layer({ nodeName, version }).pipe(
    Layer.provideMerge(
      SimulatedNetwork.layer([
        { name: nodeName, interfaces: [nic("ens1f0", 0), nic("ens1f1", 0), nic("ens2f0", 1), nic("eth0", undefined)] },
        { name: "worker-2", interfaces: [nic("ens1f0", 0)] }
      ])
    )
  )

export const layer = layerOf()

export interface SpecOptions {
  readonly words?: ReadonlyArray<string>
  readonly file?: string
  readonly interfaces?: ReadonlyArray<string>
  readonly id?: string
}

/** A spec as the planner makes them: options, then `-f` with the file in the process's directory. */
export const specOf = (program: Program, options: SpecOptions = {}): ProcessSpec => {
  const id = options.id ?? `${program}-profile1-00000000`
  const directory = `/var/run/linuxptp-daemon/${id}`
  const path = `${directory}/${program}.conf`
  return {
    id,
    program,
    profile: "profile1",
    config: "test",
    argv: [program, ...options.words ?? [], "-f", path],
    files: { [path]: options.file ?? "[global]\n" },
    directory,
    after: [],
    interfaces: options.interfaces ?? []
  }
}

/** The socket of a ptp4l that `ptp4lSpec` describes. */
export const socketOf = (id: string): string => `/var/run/linuxptp-daemon/${id}/ptp4l`

export const ptp4lSpec = (options: SpecOptions = {}): ProcessSpec => {
  const id = options.id ?? "ptp4l-profile1-00000000"
  return specOf("ptp4l", {
    interfaces: ["ens1f0"],
    ...options,
    id,
    file: `[global]\nuds_address ${socketOf(id)}\nuds_ro_address ${socketOf(id)}ro\n${options.file ?? ""}`
  })
}

/** Starts it; what it prints is pushed to `lines`, without the frame's uptime. */
export const startRecorded = Effect.fnUntraced(function*(spec: ProcessSpec) {
  const runner = yield* ProcessRunner
  const lines: Array<string> = []
  const stderr: Array<string> = []
  const process = yield* runner.start(spec, ({ stream, text }) => {
    lines.push(text)
    if (stream === "stderr") stderr.push(text)
  })
  /** Messages without frame. */
  const messages = () => lines.map((line) => line.replace(/^\w+\[\d+\.\d{3}\]: /, ""))
  return { process, lines, stderr, messages }
})

/** The same random numbers in each run. */
export const seeded = <A, E, R>(effect: Effect.Effect<A, E, R>) => Random.withSeed(effect, "linuxptp")
