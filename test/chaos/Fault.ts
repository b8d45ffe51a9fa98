/** The definition of a fault: a kind of trouble that the simulation can make. */
import type { Behaviour, Plan } from "../simulation/Behaviour.ts"
import type { Child } from "../simulation/Child.ts"
import type { World } from "./World.ts"

export interface Fault {
  readonly kind: string
  /** False: there is nothing to do it to just now. */
  readonly inject: (world: World) => boolean
  /** It comes true at a start, and counts only then. */
  readonly isPlanned?: true
}

/** Something that happens to one living child. */
export const toChild = (
  kind: string,
  harm: (child: Child, world: World) => void,
  isOne: (child: Child) => boolean = () => true
): Fault => ({
  kind,
  inject: (world) => {
    const child = world.dice.some(world.living((one) => !one.isStuck && isOne(one)))
    if (child === undefined) return false
    world.note(`${kind}: ${child.spec.id}, pid ${child.pid}`)
    harm(child, world)
    return true
  }
})

/** Something that shows at the next start of a process, which is brought about by its death. */
export const atNextStart = (
  kind: string,
  times: (world: World) => number,
  plan: Pick<Plan, "failure" | "change">,
  isOne: (child: Child) => boolean = () => true
): Fault => ({
  ...toChild(kind, (child, world) => {
    world.children.plans.push({ kind, id: child.spec.id, times: times(world), ...plan })
    child.end({ signal: "SIGSEGV" })
  }, isOne),
  isPlanned: true
})

/** The next start behaves as usual but for this. */
export const behaving = (
  change: Partial<Behaviour> | ((usual: Behaviour, run: number) => Partial<Behaviour>)
): Pick<Plan, "change"> => ({
  change: (usual, run) => ({ ...usual, ...(typeof change === "function" ? change(usual, run) : change) })
})

/** Held by the kernel: not even SIGKILL ends it until it is let go. */
export const hold = (child: Child, { later }: World, millis: number) => {
  child.freeze("stuck")
  later(millis, child.free)
}

export const isPtp4l = ({ spec }: Child): boolean => spec.program === "ptp4l"
export const isPhc2sys = ({ spec }: Child): boolean => spec.program === "phc2sys"
export const isDependant = ({ spec }: Child): boolean => spec.after.length > 0
