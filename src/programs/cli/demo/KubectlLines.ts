/** What a user of the demo can type in another terminal, in the folder of this project. Text only; nothing runs it. */

/** The lines to try: the cluster has examples already, or is `empty` and gets everything from `deploy/`. */
export const kubectlLines = ({ empty, port }: { readonly empty: boolean; readonly port: number }): string => {
  const server = `http://127.0.0.1:${port}`
  const kubectl = `kubectl -s ${server}`
  const lines = empty ? emptyCluster(kubectl) : exampleCluster(kubectl)
  const width = Math.max(...lines.map(([line]) => line.length))
  return [
    `A cluster of simulated nodes answers on ${server}. Try in another terminal, in this folder:`,
    "",
    ...lines.map(([line, why]) => `  ${line.padEnd(width)}  # ${why}`),
    "",
    "Ctrl-C ends the demo."
  ].join("\n")
}

type Line = readonly [line: string, why: string]

const exampleCluster = (kubectl: string): ReadonlyArray<Line> => [
  [`${kubectl} -n ptp get nodeptpcfgs,nodeptpdevs`, "what people wrote, and what the daemons answer"],
  [`${kubectl} -n ptp get nodeptpdev worker-1 -o yaml`, "all about one node"],
  [`${kubectl} apply -f deploy/nodeptpcfg_cr.yaml`, "priority 4: goes before the examples"],
  [`${kubectl} delete -f deploy/nodeptpcfg_cr.yaml`, "back to the examples"],
  [`${kubectl} label node worker-1 node-role.kubernetes.io/worker-`, "no profile is for worker-1 any more"],
  [`${kubectl} label node worker-1 node-role.kubernetes.io/worker=`, "and again"],
  [`${kubectl} -n ptp get events`, "what happened"]
]

const emptyCluster = (kubectl: string): ReadonlyArray<Line> => [
  [`${kubectl} apply -f deploy/00-ns.yaml -f deploy/01-crd.yaml`, "the daemons wait for namespace and CRDs"],
  [`${kubectl} -n ptp get nodeptpdevs`, "every node has published its NICs"],
  [`${kubectl} apply -f deploy/nodeptpcfg_cr.yaml`, "a profile for all workers"],
  [`${kubectl} -n ptp get nodeptpdev worker-1 -o yaml`, "all about one node"],
  [`${kubectl} delete -f deploy/nodeptpcfg_cr.yaml`, "linuxptp stops everywhere"]
]
