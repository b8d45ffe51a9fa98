/**
 * What every simulated daemon needs: the node's name and settings, its NICs, and the real supervisor with simulated
 * children. Each simulation adds its own API server.
 */
import { Effect, Layer, Option } from "effect"
import * as FiberProcessSupervisor from "../../src/layers/processes/FiberProcessSupervisor.ts"
import { linuxptpKnowledge } from "../../src/programs/LinuxptpKnowledge.ts"
import type { NetworkInterface } from "../../src/services/devices/PtpDevice.ts"
import type { LinuxptpVersion } from "../../src/services/linuxptp/LinuxptpVersion.ts"
import { ManagementClient } from "../../src/services/linuxptp/ManagementClient.ts"
import { ProcessRunner } from "../../src/services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { ProcessSupervisor } from "../../src/services/processes/ProcessSupervisor.ts"
import type { Children } from "./Children.ts"

export const nodeName = "worker-1"
export const namespace = "ptp"
export const runDirectory = "/run/test"

export const settings = {
  nodeName,
  namespace,
  runDirectory,
  stateDirectory: "/var/lib/test",
  sysfsRoot: "/sys",
  metricsPort: 0,
  healthPort: 0,
  logLevel: "Error" as const,
  logFormat: "json" as const
}

export const firstVersion: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }

export const makeNic = (name: string, phcIndex: number): NetworkInterface => ({
  name,
  kind: "physical",
  linkUp: true,
  driver: "ice",
  pciAddress: undefined,
  phcIndex,
  hardwareTimestamping: true,
  softwareTimestamping: true,
  notCapable: undefined
})

interface SupervisorOptions {
  readonly runner: typeof ProcessRunner.Service
  /** What is answered on a management socket. */
  readonly answerOn: Children["answerOn"]
  /** Somebody has the socket, whether it answers or not. */
  readonly isHeld: Children["isHeld"]
  readonly onWish: (desired: ReadonlyArray<ProcessSpec>) => void
}

/** A second of silence, or one port that works or does not yet. */
const managementOf = ({ answerOn, isHeld }: Pick<SupervisorOptions, "answerOn" | "isHeld">) =>
  ManagementClient.of({
    isAvailable: true,
    ask: Effect.fnUntraced(function*({ path }) {
      const answer = answerOn(path)
      if (answer === "silent") return yield* Effect.as(Effect.sleep("1 second"), Option.none())
      const state = answer === "ready" ? "LISTENING" as const : "INITIALIZING" as const
      return Option.some({ ports: [{ number: 1, state }], clockClass: 248 })
    }),
    isReachable: ({ path }) => Effect.sync(() => isHeld(path)),
    // No clock is observed there.
    follow: () => Effect.never
  })

/** The real one, and the moment of every wish. */
export const supervisorLayer = (
  { answerOn, isHeld, onWish, runner }: SupervisorOptions
): Layer.Layer<ProcessSupervisor> =>
  Layer.effect(
    ProcessSupervisor,
    Effect.map(ProcessSupervisor, (real) => ({
      ...real,
      apply: (desired: ReadonlyArray<ProcessSpec>) =>
        Effect.suspend(() => {
          onWish(desired)
          return real.apply(desired)
        })
    }))
  ).pipe(
    Layer.provide(Layer.unwrap(Effect.map(linuxptpKnowledge, FiberProcessSupervisor.layer))),
    Layer.provide(Layer.succeed(ManagementClient, managementOf({ answerOn, isHeld }))),
    Layer.provide(Layer.succeed(ProcessRunner, runner))
  )
