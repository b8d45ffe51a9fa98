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
import { makeNic, nodeName, runDirectory } from "../simulation/SimulatedNode.ts"
import { toObject, type Written } from "./Cluster.ts"

export interface Expectation {
  /** The daemon was shown these. */
  readonly shown: (configs: Iterable<Written>, labels: Readonly<Record<string, string>>) => void
  /** A new daemon remembers what is on disk, and nothing else. */
  readonly reboot: (disk: Option.Option<KnownGood>) => void
  /**
   * Any of these: with what an earlier daemon rejected, and without, as when a NIC came since; with NICs that are gone
   * under a version that worked, or under one that did not. `isTroubled` is true for a ptp4l that a phc2sys for all of
   * them may leave out just now.
   */
  readonly processes: (facts: ExpectedFacts) => ReadonlyArray<ReadonlyArray<ProcessSpec>>
}

interface ExpectedFacts {
  readonly configs: Iterable<Written>
  readonly labels: Readonly<Record<string, string>>
  readonly interfaces: ReadonlyArray<NetworkInterface>
  readonly version: LinuxptpVersion
  readonly isTroubled?: (id: string) => boolean
}

export const makeExpectation = (): Expectation => {
  const lastValid = new Map<string, Written>()
  let memory = emptyVersionMemory
  return {
    shown: (configs, labels) => {
      for (const config of configs) {
        if (config.mistake === undefined) lastValid.set(config.uid, config)
        // The end of the recommendation ends what ran by a name that means nothing.
        else if (config.mistake === "renamed" && !matches(config, labels)) lastValid.delete(config.uid)
      }
    },
    reboot: (disk) => {
      lastValid.clear()
      memory = Option.match(disk, { onNone: () => emptyVersionMemory, onSome: (known) => known.memory })
    },
    processes: ({ configs, interfaces, isTroubled = () => false, labels, version }) => {
      const counting = [...configs].map((config) =>
        config.mistake === undefined ? config : lastValid.get(config.uid) ?? config
      )
      const decideWith = (remembered: VersionMemory, nics = interfaces, unfollowed = new Set<string>()) =>
        decide({
          objects: counting.map(toObject),
          node: { name: nodeName, labels },
          interfaces: nics,
          linuxptpVersion: version,
          runDir: runDirectory,
          memory: remembered,
          unfollowed
        }).decision.processes
      const forgiven = { ...memory, rejected: [] }
      const memories = memory.rejected.length === 0 ? [forgiven] : [forgiven, memory]
      const lost = ["ens1f0", "ens2f0"].filter((name) => interfaces.every((nic) => nic.name !== name))
      const asIfThere = [...interfaces, ...lost.map((name) => makeNic(name, 0))]
      const subsets = troubledSets(decideWith(forgiven), isTroubled)
      return memories.flatMap((remembered) =>
        (lost.length === 0 ? [interfaces] : [interfaces, asIfThere]).flatMap((nics) =>
          subsets.map((unfollowed) => decideWith(remembered, nics, unfollowed))
        )
      )
    }
  }
}

const matches = ({ match }: Written, labels: Readonly<Record<string, string>>): boolean =>
  match["nodeLabel"] === undefined || labels["ptp"] !== undefined

/** Nobody, or each ptp4l of which that may be so. */
const troubledSets = (
  specs: ReadonlyArray<ProcessSpec>,
  isTroubled: (id: string) => boolean
): ReadonlyArray<Set<string>> => {
  const ids = specs.filter(({ id, program }) => program === "ptp4l" && isTroubled(id)).map(({ id }) => id)
  return [new Set<string>(), ...ids.map((id) => new Set([id]))]
}

/** Whatever was replaced under it: how often is the daemon's to count. */
export const withoutReplacements = (specs: ReadonlyArray<ProcessSpec>): ReadonlyArray<ProcessSpec> =>
  specs.map((spec) => Struct.omit(spec, ["phcReplacements"]))
