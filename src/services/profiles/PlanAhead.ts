/**
 * Does the dear part of a decision before it, in small steps: reading objects and planning profiles. A decision about
 * thousands of profiles, or about texts of megabytes, would otherwise hold the event loop for a second. What is done
 * here, `decide` finds as known, and the result of a decision is the same with and without it.
 */
import { Result } from "effect"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import { decodeNodePTPCfg } from "../kubernetes/NodePTPCfg.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import type { Known } from "./Decide.ts"
import { makePlanner } from "./KnownPlans.ts"

/** Yields after each object that was read and each profile that was planned, and returns what is known then. */
export function* planAhead(
  known: Known | undefined,
  objects: ReadonlyArray<KubernetesObject>,
  setup: { readonly version: LinuxptpVersion; readonly runDir: string }
): Generator<void, Known> {
  const read = new Map(known?.objects)
  const planner = makePlanner(known?.plans ?? new Map())
  for (const object of objects) {
    if (read.has(object)) continue
    const decoded = decodeNodePTPCfg(object)
    read.set(object, decoded)
    yield
    if (Result.isFailure(decoded)) continue
    for (const profile of decoded.success.profiles) {
      planner.plan({ ...setup, config: decoded.success.name, profile })
      yield
    }
  }
  return { objects: read, plans: new Map([...known?.plans ?? [], ...planner.plans]) }
}
