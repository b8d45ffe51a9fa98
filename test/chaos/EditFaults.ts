/** Faults by people and controllers: edits of the objects at the worst moment. */
import type { Behaviour } from "../simulation/Behaviour.ts"
import type { Written } from "./Cluster.ts"
import { behaving, type Fault, hold } from "./Fault.ts"
import type { World } from "./World.ts"

const ptp4lOptions = ["-2", "-4", "-2 -s", "-2 --domainNumber 24", "-4 --priority1 100"] as const
const phc2sysOptions = ["-a -r", "-a -r -u 60", "-a -r -R 4", "-a -r -S 0.5"] as const

/** An edit of one object that there is. */
const editing = (kind: string, change: (config: Written, world: World) => void): Fault => ({
  kind,
  inject: (world) => {
    const config = world.dice.some([...world.cluster.configs.values()])
    if (config === undefined) return false
    world.note(`${kind}: ${config.name}`)
    change(config, world)
    world.publish()
    return true
  }
})

/** The same profile by other words. */
export const withAnotherText = ({ generation, profile }: Written): Written["profile"] => {
  const { phc2sysOpts, ptp4lOpts } = profile
  if (ptp4lOpts !== undefined) return { ...profile, ptp4lOpts: `-2 --priority2 ${generation % 256}` }
  if (phc2sysOpts !== undefined) return { ...profile, phc2sysOpts: `-a -r -u ${generation}` }
  return { ...profile, timemasterConf: `${profile["timemasterConf"] ?? ""}# ${generation}\n` }
}

/** Why a start fails: by the text, by a device, because there is no whole program, or for no reason that is told. */
const badText = {
  after: 12,
  exit: { code: 254 },
  words: "unknown option no_such_option at line 3 in global section\nfailed to parse configuration file /run/x"
}
const busyDevice = {
  after: 12,
  exit: { code: 255 },
  words: "ptp4l[1.000]: Failed to open /dev/ptp0: Device or resource busy\nfailed to create a clock"
}
const halfInstalled: Behaviour["ends"] = {
  after: 3,
  exit: { code: 127 },
  words: "error while loading shared libraries"
}
const crash: Behaviour["ends"] = { after: 30, exit: { signal: "SIGBUS" }, words: "" }
const noSpace = "no space for the configuration file (ENOSPC)"

const idsOf = ({ name }: Written, { living }: World): ReadonlyArray<string> =>
  living(({ spec }) => spec.config === name && spec.after.length === 0).map(({ spec }) => spec.id)

/** An edit whose next starts end like this. */
const editWith = (config: Written, world: World, { ends }: { readonly ends: Behaviour["ends"] }) => {
  for (const id of idsOf(config, world)) {
    const times = world.dice.between(2, 8)
    world.children.plans.push({ kind: "exits 255 at once", id, times, ...behaving({ ends, readyAfter: undefined }) })
  }
  world.cluster.edit(config.name, { profile: withAnotherText(config) })
}

/** A valid edit that means something for what it starts. */
const editOptions = ({ name, profile }: Written, { cluster, dice }: World) => {
  const { phc2sysOpts, ptp4lOpts } = profile
  const editsPhc2sys = phc2sysOpts !== undefined && (ptp4lOpts === undefined || dice.chance(0.5))
  const edited = editsPhc2sys
    ? { phc2sysOpts: dice.pick(phc2sysOptions) }
    : ptp4lOpts === undefined
    ? { timemasterConf: `${profile["timemasterConf"] ?? ""}#\n` }
    : { ptp4lOpts: dice.pick(ptp4lOptions) }
  cluster.edit(name, { profile: { ...profile, ...edited } })
}

/** What runs by an object must go on. */
const runsNow = ({ mistake, name }: Written, { living }: World) =>
  mistake === undefined && living(({ readyAt, spec }) => spec.config === name && readyAt !== undefined).length > 0

const makeMistake = (
  kind: string,
  mistake: NonNullable<Written["mistake"]>,
  isFor: (config: Written, world: World) => boolean = () => true
): Fault =>
  editing(kind, (config, world) => {
    if (!isFor(config, world)) return
    // Only of what was seen without one it is known what has to go on.
    if (config.mistake !== undefined) world.cluster.edit(config.name, {})
    world.publish()
    world.cluster.edit(config.name, { mistake })
  })

/** What was deleted, and comes back later. */
const removeFor = (config: Written, world: World, millis: number) => {
  world.cluster.remove(config.name)
  world.later(millis, () => {
    if (world.cluster.configs.has(config.name)) return
    world.note(`${config.name} is made again`)
    world.cluster.recreate(config)
    world.publish()
  })
}

const laterEdit = (config: Written, world: World, millis: number) =>
  world.later(millis, () => {
    const now = world.cluster.configs.get(config.name)
    if (now === undefined) return
    world.note(`edit: ${config.name}`)
    editOptions(now, world)
    world.publish()
  })

const swapNics: Fault = {
  kind: "two profiles swap their NICs",
  inject: (world) => {
    const { cluster, dice, note, publish } = world
    const users = [...cluster.configs.values()].filter(({ priority, profile }) =>
      priority === 4 && profile["interface"] !== undefined && profile["ts2phcConf"] === undefined
    )
    const [one, other] = users
    if (one === undefined || other === undefined) return false
    note(`swap: ${one.name} ${other.name}`)
    const take = (config: Written, from: Written) => {
      const nic = from.profile["interface"]
      if (nic !== undefined) cluster.edit(config.name, { profile: { ...config.profile, interface: nic } })
    }
    take(one, other)
    // Two objects are two writes: in between both want the same NIC.
    if (dice.chance(0.5)) publish()
    take(other, one)
    publish()
    return true
  }
}

const silence: Fault = {
  kind: "the API is silent for an hour",
  inject: (world) => {
    const { dice, host, later, note, publish, time } = world
    if (host.isApiSilent) return false
    note("the API is silent")
    host.isApiSilent = true
    const config = dice.some([...world.cluster.configs.values()])
    if (config !== undefined) laterEdit(config, world, dice.between(1, 3_000_000))
    later(3_600_000, () => {
      note("the API speaks")
      host.isApiSilent = false
      publish()
    })
    if (dice.chance(0.5)) time.advance(3_600_001)
    return true
  }
}

export const editFaults: ReadonlyArray<Fault> = [
  editing("an edit", editOptions),
  editing("a burst of edits", (config, world) => {
    for (let left = world.dice.between(3, 12); left > 0; left--) laterEdit(config, world, world.dice.between(1, 40))
  }),
  editing("an edit while a stop is under way", (config, world) => {
    editOptions(config, world)
    for (const child of world.living()) if (world.dice.chance(0.5)) child.obeysAfter = 3_000
    laterEdit(config, world, world.dice.between(1, 3_000))
  }),
  editing("a version that does not start", (config, world) => editWith(config, world, { ends: badText })),
  editing("a device is busy at a correct edit", (config, world) => editWith(config, world, { ends: busyDevice })),
  editing("linuxptp is being replaced at a correct edit", (config, world) => {
    editWith(config, world, { ends: world.dice.pick([halfInstalled, crash]) })
  }),
  editing("the directory is gone for 4 s at a correct edit", (config, world) => {
    const { children, later } = world
    const plans = idsOf(config, world).map((id) => ({ kind: noSpace, id, times: 1_000, failure: "ENOSPC" as const }))
    children.plans.push(...plans)
    later(4_000, () => {
      for (const plan of plans) {
        const at = children.plans.indexOf(plan)
        if (at >= 0) children.plans.splice(at, 1)
      }
    })
    world.cluster.edit(config.name, { profile: withAnotherText(config) })
  }),
  editing("edits of what is in D state", (config, world) => {
    for (const child of world.living(({ spec }) => spec.config === config.name)) {
      if (world.dice.chance(0.5)) hold(child, world, world.dice.between(100, 30_000))
    }
    editOptions(config, world)
    for (let left = world.dice.between(0, 4); left > 0; left--) {
      laterEdit(config, world, world.dice.between(1, 15_000))
    }
  }),
  editing("removed while it starts", (config, world) => {
    for (const child of world.living(({ spec }) => spec.config === config.name)) child.end({ code: 1 })
    world.time.advance(world.dice.between(0, 10))
    removeFor(config, world, world.dice.between(1, 20_000))
  }),
  editing("deleted and made again", (config, world) => removeFor(config, world, world.dice.between(1, 10_000))),
  editing("deleted and made again at once", (config, world) => {
    world.cluster.remove(config.name)
    world.cluster.recreate({ ...config, mistake: undefined })
  }),
  makeMistake("a typo in the options", "options"),
  makeMistake("an object that does not decode", "undecodable"),
  makeMistake("a profile gets another name than its recommendation", "renamed", runsNow),
  makeMistake(
    "a typo in the name of a NIC",
    "nic",
    (config, world) => config.profile["interface"] !== undefined && runsNow(config, world)
  ),
  {
    kind: "a new object of the highest priority names a NIC that nobody has",
    inject: ({ cluster, dice, later, note, publish }) => {
      if (cluster.configs.has("ghost")) return false
      note("a ghost appears")
      const name = cluster.addGhost()
      publish()
      later(dice.between(1, 200_000), () => {
        note("the ghost is gone")
        cluster.remove(name)
        publish()
      })
      return true
    }
  },
  editing("another profile gets the highest priority", (config, { cluster, dice }) => {
    cluster.edit(config.name, { priority: dice.pick([0, 4, 9]) })
  }),
  editing("edits that change nothing", (config, { cluster, dice, publish }) => {
    for (let left = dice.between(1, 20); left > 0; left--) {
      cluster.touch(config.name, { edit: String(left) })
      if (dice.chance(0.3)) cluster.setLabels({ ...cluster.labels(), heartbeat: String(dice.between(0, 1e9)) })
      publish()
    }
  }),
  {
    kind: "a node label flaps",
    inject: (world) => {
      const { cluster, dice, later, note, publish } = world
      if (cluster.labels()["ptp"] === undefined) return false
      note("the node's label is gone")
      cluster.setLabels({})
      publish()
      later(dice.between(1, 10_000), () => {
        note("the node's label is back")
        cluster.setLabels({ ptp: "yes" })
        publish()
      })
      return true
    }
  },
  swapNics,
  silence
]
