import { assert, describe, it } from "@effect/vitest"
import type { Schema } from "effect"
import * as fc from "fast-check"
import { unknownNodePTPCfgFields, whyNotOurs } from "../../../src/services/kubernetes/NodePTPCfgManifest.ts"

const manifest = (spec: Schema.Json, more: Schema.JsonObject = {}): Schema.JsonObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "a" },
  spec,
  ...more
})

const told = (value: unknown) => unknownNodePTPCfgFields(value).map(({ message, path }) => `${path} ${message}`)
const unknown = "is an unknown field and has no effect"

describe("unknownNodePTPCfgFields", () => {
  it("finds nothing where every field is known, and none in free maps", () => {
    const metadata = {
      name: "a",
      namespace: "ptp",
      labels: { any: "x" },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
      managedFields: [{ manager: "kubectl" }],
      ownerReferences: [{ any: 1 }]
    }
    const spec = {
      profile: [{
        name: "p",
        ptp4lOpts: "-2",
        ptpClockThreshold: { holdOverTimeout: 5, maxOffsetThreshold: 1, minOffsetThreshold: -1 },
        ptpSettings: { any: "x" }
      }],
      recommend: [{ profile: "p", priority: 4, match: [{ nodeName: "n", nodeLabel: "l" }] }]
    }
    assert.deepStrictEqual(told(manifest(spec, { metadata })), [])
  })

  it.each<readonly [string, Schema.Json, string]>([
    [
      "in a profile",
      { profile: [{}, { phc2sysopts: "-a -r" }] },
      `spec.profile[1].phc2sysopts ${unknown} (did you mean phc2sysOpts?)`
    ],
    ["in the spec", { profiles: [] }, `spec.profiles ${unknown} (did you mean profile?)`],
    [
      "in a recommendation",
      { recommend: [{ priorty: 4 }] },
      `spec.recommend[0].priorty ${unknown} (did you mean priority?)`
    ],
    [
      "in a rule",
      { recommend: [{ match: [{ nodelabels: "x" }] }] },
      `spec.recommend[0].match[0].nodelabels ${unknown} (did you mean nodeLabel?)`
    ],
    [
      "in the thresholds",
      { profile: [{ ptpClockThreshold: { maxOffset: 5 } }] },
      `spec.profile[0].ptpClockThreshold.maxOffset ${unknown} (did you mean maxOffsetThreshold?)`
    ],
    [
      "at the wrong place",
      { recommend: [{ nodeName: "n" }] },
      `spec.recommend[0].nodeName ${unknown} (nodeName is a field of spec.recommend[].match[])`
    ],
    [
      "of the operator",
      { profile: [{ synce4lConf: "" }] },
      `spec.profile[0].synce4lConf ${unknown}: it belongs to the OpenShift PTP operator; this daemon does not run synce4l`
    ],
    [
      "of a label selector",
      { recommend: [{ match: [{ matchLabels: {} }] }] },
      `spec.recommend[0].match[0].matchLabels ${unknown}: name each label in a rule of its own, nodeLabel: key=value`
    ],
    ["like no other", { profile: [{ "x y": null }] }, `spec.profile[0]["x y"] ${unknown}`]
  ])("tells of a field %s", (_, spec, expected) => {
    assert.deepStrictEqual(told(manifest(spec)), [expected])
  })

  it("looks at the object itself and its metadata too", () => {
    assert.deepStrictEqual(told(manifest({}, { metadata: { nmae: "a" }, status: {}, Spec: {} })), [
      `metadata.nmae ${unknown} (did you mean name?)`,
      `status ${unknown}`,
      `Spec ${unknown} (did you mean spec?)`
    ])
  })

  it("lists 20 fields and counts the others", () => {
    const rows = told(manifest(Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`x${index}`, 1]))))
    assert.strictEqual(rows.length, 21)
    assert.strictEqual(rows[20], " has 49980 more unknown fields")
  })

  it("never throws, whatever the object is", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (spec, profile) => {
      assert.isArray(told(spec))
      told(manifest(JSON.parse(JSON.stringify(spec))))
      told(manifest({ profile: [JSON.parse(JSON.stringify(profile))] }))
    }))
  })
})

describe("whyNotOurs", () => {
  it.each([
    ["ptp.openshift.io/v1", "PtpConfig", "belongs to the OpenShift PTP operator"],
    ["ptp.openshift.io/v1", "PtpOperatorConfig", "belongs to the OpenShift PTP operator"],
    ["ptp.openshift.io/v1", "NodePTPCFG", "did you mean NodePTPCfg of ptp.openshift.io/v1?"],
    ["ptp.openshift.io/v1beta1", "NodePtpCfg", "did you mean NodePTPCfg of ptp.openshift.io/v1?"],
    ["v1", "nodeptpcfgs", "did you mean NodePTPCfg of ptp.openshift.io/v1?"],
    [undefined, "NodePTPConfig", "did you mean NodePTPCfg of ptp.openshift.io/v1?"],
    ["example.com/v1", "PtpConfig", "belongs to the OpenShift PTP operator"],
    ["example.com/v1", "PtpProfile", "this daemon reads only NodePTPCfg of ptp.openshift.io/v1"],
    ["ptp.openshift.io/v1", "Anything", "this daemon reads only NodePTPCfg of ptp.openshift.io/v1"]
  ])("says what %s %s probably is: %s", (apiVersion, kind, expected) => {
    assert.include(whyNotOurs(apiVersion, kind), expected)
  })

  it("passes over kinds of others, and the one that the daemon writes, in silence", () => {
    assert.isUndefined(whyNotOurs("apps/v1", "Deployment"))
    assert.isUndefined(whyNotOurs("v1", "Node"))
    assert.isUndefined(whyNotOurs("projectcontour.io/v1", "HTTPProxy"))
    assert.isUndefined(whyNotOurs("machineconfiguration.openshift.io/v1", "KubeletConfig"))
    assert.isUndefined(whyNotOurs("ptp.openshift.io/v1", "NodePTPDev"))
  })
})
