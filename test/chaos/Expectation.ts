/**
 * Computes what must run, independently of the daemon: from the written objects, with the last valid version where an
 * object has a mistake. For each life of the daemon it knows only what that life was shown.
 */
import { Option, Struct } from "effect"
import type { NetworkInterface } from "../../src/services/devices/PtpDevice.ts"
import type { LinuxptpVersion } from "../../src/services/linuxptp/LinuxptpVersion.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { decide } from "../../src/services/profiles/Decide.ts"
import type { KnownGood } from "../../src/services/profiles/LastKnownGood.ts"
import { emptyVersionMemory, type VersionMemory } from "../../src/services/profiles/VersionMemory.ts"
import { nodeName, runDirectory } from "../simulation/SimulatedNode.ts"
import { toObject, type Written } from "./Cluster.ts"

export interface Expectation {
  /** The daemon was shown these. */
  readonly shown: (configs: Iterable<Written>) => void
  /** A new daemon remembers what is on disk, and nothing else. */
  readonly reboot: (disk: Option.Option<KnownGood>) => void
  /** Any of these: with what an earlier daemon rejected, and without, as when a NIC came since. */
  readonly processes: (facts: {
    readonly configs: Iterable<Written>
    readonly labels: Readonly<Record<string, string>>
    readonly interfaces: ReadonlyArray<NetworkInterface>
    readonly version: LinuxptpVersion
  }) => ReadonlyArray<ReadonlyArray<ProcessSpec>>
}

export const makeExpectation = (): Expectation => {
  const lastValid = new Map<string, Written>()
  let memory = emptyVersionMemory
  return {
    shown: (configs) => {
      for (const config of configs) if (config.mistake === undefined) lastValid.set(config.uid, config)
    },
    reboot: (disk) => {
      lastValid.clear()
      memory = Option.match(disk, { onNone: () => emptyVersionMemory, onSome: (known) => known.memory })
    },
    processes: ({ configs, interfaces, labels, version }) => {
      const counting = [...configs].map((config) =>
        config.mistake === undefined ? config : lastValid.get(config.uid) ?? config
      )
      const decideWith = (remembered: VersionMemory) =>
        decide({
          objects: counting.map(toObject),
          node: { name: nodeName, labels },
          interfaces,
          linuxptpVersion: version,
          runDir: runDirectory,
          memory: remembered
        }).decision.processes
      const forgiven = decideWith({ ...memory, rejected: [] })
      return memory.rejected.length === 0 ? [forgiven] : [forgiven, decideWith(memory)]
    }
  }
}

/** Whatever was replaced under it: how often is the daemon's to count. */
export const withoutReplacements = (specs: ReadonlyArray<ProcessSpec>): ReadonlyArray<ProcessSpec> =>
  specs.map((spec) => Struct.omit(spec, ["phcReplacements"]))
