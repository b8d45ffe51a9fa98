/**
 * The NICs and PHCs that this daemon's processes use alone. A NIC is claimed in its network namespace, by a name
 * (ExclusiveName). A PHC belongs to the whole machine, so its device is locked too (flock). Processes of one daemon
 * share its claims. The system clock is not claimed.
 */
import path from "node:path"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import type { LibcCalls } from "../native/Libc.ts"
import { type Holder, type Taken, takeName } from "./ExclusiveName.ts"
import { lockFile } from "./FileLock.ts"

/** What a claim came to. `ignored` lists, as text, holders who may not keep anything from this daemon. */
export type Claim =
  | { readonly release: () => void; readonly ignored: ReadonlyArray<string> }
  | { readonly refusal: string }

export interface DeviceClaims {
  /** Claims everything that the process uses alone, or nothing. Throws if the kernel has no sockets to give. */
  readonly claim: (spec: ProcessSpec) => Claim
}

interface Wanted {
  /** What is claimed, for people. */
  readonly text: string
  /** Equal keys are one claim, also of two processes of this daemon. */
  readonly key: string
  readonly take: () => Taken
}

interface Held {
  readonly release: () => void
  users: number
}

export interface DeviceClaimsOptions {
  /** What others are told about this daemon. */
  readonly about: string
  /** The device nodes of the clocks of a NIC, or behind a path. */
  readonly devicesOf: (name: string) => ReadonlyArray<string>
}

export const makeDeviceClaims = (libc: LibcCalls, { about, devicesOf }: DeviceClaimsOptions): DeviceClaims => {
  const held = new Map<string, Held>()
  const named = (text: string, kind: string, name: string): Wanted => ({
    text,
    key: `${kind}/${name}`,
    take: () => takeName(libc, `linuxptp-daemon/${kind}/${name}`, about)
  })
  const clock = (name: string): ReadonlyArray<Wanted> =>
    devicesOf(name).flatMap((device) => [
      named(`the PHC ${device}`, "phc", path.basename(device)),
      { text: `the PHC ${device}`, key: device, take: () => lockDevice(libc, device) }
    ])

  const use = (wanted: Wanted): Holder | undefined => {
    const own = held.get(wanted.key)
    const taken = own ?? wanted.take()
    if ("holder" in taken) return taken.holder
    if (own === undefined) held.set(wanted.key, { release: taken.release, users: 1 })
    else own.users += 1
    return undefined
  }
  const giveUp = (key: string) => {
    const own = held.get(key)
    if (own === undefined) return
    own.users -= 1
    if (own.users > 0) return
    held.delete(key)
    own.release()
  }

  return {
    claim: ({ claims }) => {
      const used: Array<string> = []
      const ignored: Array<string> = []
      const release = () => {
        for (const key of used.splice(0)) giveUp(key)
      }
      const wanted = [
        ...(claims?.interfaces ?? []).map((nic) => named(nic, "nic", nic)),
        ...new Set(claims?.clocks ?? [])
      ].flatMap((one) => typeof one === "string" ? clock(one) : [one])
      try {
        for (const one of wanted) {
          const holder = use(one)
          if (holder === undefined) used.push(one.key)
          else if (!holder.isTrusted) ignored.push(`${one.text} is claimed by ${holder.who}`)
          else {
            release()
            return { refusal: `${one.text} is in use by ${holder.who}` }
          }
        }
      } catch (cause) {
        release()
        throw cause
      }
      return { release, ignored }
    }
  }
}

/** These say that the device cannot be opened by this node's daemons at all. What needs it says so itself. */
const unusable = new Set(["ENOENT", "ENODEV", "ENXIO", "EACCES", "EPERM"])

const lockDevice = (libc: LibcCalls, device: string): Taken => {
  try {
    return lockFile(libc, device)
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && unusable.has(String(cause.code))) return { release: () => {} }
    throw cause
  }
}
