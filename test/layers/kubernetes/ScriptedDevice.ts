/** worker-1's NodePTPDev, and what a server answers when it is asked for: `get` is a LIST of one. */
const device = (resourceVersion: string) => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPDev",
  metadata: { name: "worker-1", namespace: "ptp", resourceVersion }
})

export const devices = { kind: "NodePTPDevList", metadata: { resourceVersion: "5" }, items: [device("5")] }
