import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { parse } from "yaml"
import { type DemoNode, demoNodes, exampleConfigs } from "../../../../src/programs/cli/demo/DemoNodes.ts"
import { isPtpCapable } from "../../../../src/services/devices/PtpDevice.ts"
import { KubernetesObject } from "../../../../src/services/kubernetes/KubernetesObject.ts"
import type { LinuxptpVersion } from "../../../../src/services/linuxptp/LinuxptpVersion.ts"
import { decide } from "../../../../src/services/profiles/Decide.ts"
import { emptyVersionMemory } from "../../../../src/services/profiles/VersionMemory.ts"

const decodeObject = Schema.decodeUnknownSync(KubernetesObject)
const newest: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }

const decideFor = (node: DemoNode, manifests: ReadonlyArray<unknown>, linuxptpVersion = newest) =>
  decide({
    objects: manifests.map((manifest) => decodeObject(manifest)),
    node,
    interfaces: node.interfaces,
    linuxptpVersion,
    runDir: "/run",
    memory: emptyVersionMemory
  }).decision

const quickStart: unknown = parse(
  readFileSync(`${import.meta.dirname}/../../../../deploy/nodeptpcfg_cr.yaml`, "utf8")
)

describe("demoNodes", () => {
  it("gives no nodes for 0", () => {
    assert.deepStrictEqual(demoNodes(0), [])
  })

  it("gives worker-1 the NICs of the Quick Start, and each node a name of its own", () => {
    const nodes = demoNodes(5)
    assert.deepStrictEqual(nodes.map((node) => node.name), ["worker-1", "worker-2", "worker-3", "worker-4", "worker-5"])
    assert.deepStrictEqual(
      nodes[0]?.interfaces.map((nic) => nic.name),
      ["ens785f0", "ens785f1", "ens785f2", "ens785f3", "ens787f0", "ens787f1"]
    )
  })

  it("gives nodes NICs that all can PTP, and never two at one PCI address", () => {
    for (const { interfaces } of demoNodes(2)) {
      assert.isTrue(interfaces.every(isPtpCapable))
      assert.strictEqual(new Set(interfaces.map((nic) => nic.pciAddress)).size, interfaces.length)
    }
  })
})

describe("exampleConfigs", () => {
  it.each([newest, { major: 3, minor: 1, patch: 1 }])(
    "gives every node one profile without a problem on %o",
    (version) => {
      const profiles = demoNodes(4).map((node) => {
        const decision = decideFor(node, exampleConfigs(4), version)
        assert.deepStrictEqual(decision.problems, [])
        assert.deepStrictEqual(decision.processes.map(({ program }) => program), ["phc2sys", "ptp4l"])
        return decision.profiles.map(({ interfaces, name }) => `${name} on ${interfaces.join()}`)
      })
      assert.deepStrictEqual(profiles, [
        ["ordinary-clock on ens787f1"],
        ["boundary-clock on ens1f0,ens1f1"],
        ["grandmaster on ens1f0"],
        ["ordinary-clock on ens787f1"]
      ])
    }
  )

  it("leaves out what is for nodes that the demo does not have", () => {
    assert.deepStrictEqual(exampleConfigs(1).map(({ metadata }) => metadata["name"]), ["ordinary-clock"])
    assert.deepStrictEqual(exampleConfigs(2).map(({ metadata }) => metadata["name"]), [
      "ordinary-clock",
      "boundary-clock"
    ])
  })

  it("gives way to the Quick Start's example, which every node can run", () => {
    for (const node of demoNodes(3)) {
      const decision = decideFor(node, [...exampleConfigs(3), quickStart])
      assert.deepStrictEqual(decision.problems, [])
      assert.deepStrictEqual(decision.profiles.map(({ name }) => name), ["profile1"])
    }
  })
})
