/** The NodePTPCfg objects and the node's labels, and edits of them as a person or a script would make. */
import type { KubernetesObject } from "../../src/services/kubernetes/KubernetesObject.ts"
import type { Dice } from "../simulation/Dice.ts"
import { nodeName } from "../simulation/SimulatedNode.ts"

type Fields = Readonly<Record<string, string>>

/** One object with one profile. */
export interface Written {
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly profile: Fields
  readonly priority: number
  readonly match: Fields
  /** Labels of the object, which mean nothing. */
  readonly labels: Fields
  /** "renamed": the profile has another name than the recommendation. "nic": it names a NIC that nobody has. */
  readonly mistake: "options" | "undecodable" | "renamed" | "nic" | undefined
}

const onNode = { nodeName }
const byLabel = { nodeLabel: "ptp=yes" }
const steering = "-a -r"

const written = (name: string, profile: Fields, priority = 4, match: Fields = onNode): Written => ({
  name,
  uid: `uid-${name}-1`,
  generation: 1,
  profile: { name, ...profile },
  priority,
  match,
  labels: {},
  mistake: undefined
})

const radio = written("radio", { interface: "ens2f0", ptp4lOpts: "-2 --domainNumber 24" }, 4, byLabel)
/** Runs only when somebody gives it the highest priority, or when nothing else is left. */
const spare = written("spare", { interface: "ens1f0", ptp4lOpts: "-4", phc2sysOpts: steering }, 9)

/** What a node may be: a clock and its follower, a phc2sys for two, a pulse beside or behind, timemaster. */
const layouts = [
  [written("cell", { interface: "ens1f0", ptp4lOpts: "-2", phc2sysOpts: steering }), radio, spare],
  [
    written("cell", { interface: "ens1f0", ptp4lOpts: "-2" }),
    radio,
    spare,
    written("sync", { phc2sysOpts: steering })
  ],
  [
    written("cell", {
      interface: "ens1f0",
      ptp4lOpts: "-2",
      phc2sysOpts: steering,
      ts2phcConf: "[ens1f0]\nts2phc.extts_polarity rising\n"
    }),
    radio,
    spare
  ],
  [
    written("cell", {
      interface: "ens1f0",
      ptp4lOpts: "-2",
      phc2sysOpts: steering,
      ts2phcOpts: "-a -s generic -c ens1f0"
    }),
    radio,
    spare
  ],
  [
    written("cell", { timemasterConf: "[ptp_domain 0]\ninterfaces ens1f0\n[timemaster]\nntp_program chronyd\n" }),
    radio,
    spare
  ]
] as const

const mistakes = {
  options: (): Fields => ({ ptp4lOpts: "-2 --no_such_option 1" }),
  renamed: (name: string): Fields => ({ name: `${name}-of-late` }),
  nic: (): Fields => ({ interface: "ens1fO" })
}

/** A written object as the API server has it. */
export const toObject = (
  { generation, labels, match, mistake, name, priority, profile, uid }: Written
): KubernetesObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name, namespace: "ptp", uid, generation, labels },
  spec: {
    profile: mistake === "undecodable"
      ? "profile"
      : [{ ...profile, ...(mistake === undefined ? {} : mistakes[mistake](name)) }],
    recommend: [{ profile: name, priority, match: [match] }]
  }
})

export interface Cluster {
  readonly configs: ReadonlyMap<string, Written>
  readonly labels: () => Fields
  readonly setLabels: (labels: Fields) => void
  /** A person's edit; the mistake of an earlier one is mended by it, unless it brings one. */
  readonly edit: (name: string, change: Partial<Written>) => void
  /** An edit of the metadata alone. */
  readonly touch: (name: string, labels: Fields) => void
  readonly remove: (name: string) => void
  /** Makes it again as it was, under a new uid. */
  readonly recreate: (config: Written) => void
  /** A new object of the highest priority whose NIC nobody has. */
  readonly addGhost: () => string
}

export const makeCluster = (dice: Dice): Cluster => {
  const configs = new Map<string, Written>(dice.pick([...layouts]).map((config) => [config.name, config]))
  let labels: Fields = { ptp: "yes" }
  let creations = 1
  const change = (name: string, by: (config: Written) => Written) => {
    const config = configs.get(name)
    if (config !== undefined) configs.set(name, by(config))
  }
  return {
    configs,
    labels: () => labels,
    setLabels: (next) => {
      labels = next
    },
    edit: (name, changed) =>
      change(name, (config) => ({ ...config, mistake: undefined, ...changed, generation: config.generation + 1 })),
    touch: (name, next) => change(name, (config) => ({ ...config, labels: next })),
    remove: (name) => void configs.delete(name),
    recreate: (config) =>
      void configs.set(config.name, { ...config, uid: `uid-${config.name}-${++creations}`, generation: 1 }),
    addGhost: () => {
      const ghost = written("ghost", { interface: "ens1fO", ptp4lOpts: "-2", phc2sysOpts: steering }, 0)
      configs.set(ghost.name, { ...ghost, uid: `uid-ghost-${++creations}`, mistake: "nic" })
      return ghost.name
    }
  }
}
