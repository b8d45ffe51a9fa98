/** The device nodes of PTP hardware clocks, for whoever wants to use one alone. */
import { readdirSync, realpathSync } from "node:fs"
import path from "node:path"

/** The devices behind a NIC, or behind a path such as a link of udev. Empty if there is none just now. */
export const phcDevices = (sysfsRoot: string) => (name: string): ReadonlyArray<string> => {
  try {
    if (path.isAbsolute(name)) return [realpathSync(name)]
    const clocks = readdirSync(path.join(sysfsRoot, "class/net", name, "device/ptp"))
    return clocks.filter((clock) => /^ptp\d+$/.test(clock)).map((clock) => `/dev/${clock}`)
  } catch {
    return []
  }
}
