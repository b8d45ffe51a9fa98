import { assert, describe, it } from "@effect/vitest"
import { identityOf, placeOf, resolvePath } from "../../../src/layers/processes/RunDirectoryIdentity.ts"

const host = `22 1 254:1 / / rw - ext4 /dev/vda1 rw
25 22 0:23 / /run rw,nosuid - tmpfs tmpfs rw`

/** Of a container: its own file system, and the run directory mounted from the host, or a volume of the pod. */
const container = (device: string, root: string) =>
  `900 800 0:71 / / rw - overlay overlay rw
901 900 ${device} ${root} /run/linuxptp-daemon rw - x x rw`

const runDirectory = "/run/linuxptp-daemon"

describe("the identity of a run directory", () => {
  it("is one for the host and for every container that mounts the directory", () => {
    const place = placeOf(runDirectory, host)
    assert.strictEqual(place, "0:23 /linuxptp-daemon")
    assert.strictEqual(placeOf(runDirectory, container("0:23", "/linuxptp-daemon")), place)
  })

  it("is another for a directory of the same name in another volume or container", () => {
    const volume = (pod: string) =>
      container("254:1", `/var/lib/kubelet/pods/${pod}/volumes/kubernetes.io~empty-dir/run`)
    const places = [
      placeOf(runDirectory, host),
      placeOf(runDirectory, volume("a")),
      placeOf(runDirectory, volume("b")),
      placeOf(runDirectory, "900 800 0:71 / / rw - overlay overlay rw"),
      placeOf(runDirectory, "900 800 0:72 / / rw - overlay overlay rw")
    ]
    assert.strictEqual(new Set(places).size, places.length)
  })

  it("reads names with blanks, and the newest of two mounts at one place", () =>
    assert.strictEqual(
      placeOf("/a b/run", `1 0 0:1 / /a\\040b rw - x x rw\n2 0 0:2 / /a\\040b rw - x x rw`),
      "0:2 /run"
    ))

  it("is not taken from a neighbour whose name only begins alike", () =>
    assert.strictEqual(placeOf("/run2/x", host), "254:1 /run2/x"))

  it("needs no directory to be there", () => {
    assert.strictEqual(resolvePath("/proc/self/none/such"), `/proc/${process.pid}/none/such`)
    assert.match(identityOf("/nowhere/run"), /^[0-9a-f]{32}$/)
  })
})
