/** Maps of ports and clocks, whose names come from linuxptp's lines: they never grow beyond what a host can have. */

/** No host has more ports or clocks. Entries beyond this number are not kept. */
const mostEntries = 128

/** The map with one more entry, unless the map is full. */
export const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> =>
  map.size >= mostEntries && !map.has(key) ? map : new Map(map).set(key, value)

/** The map with every value changed. */
export const mapValues = <K, V>(map: ReadonlyMap<K, V>, change: (value: V) => V): ReadonlyMap<K, V> =>
  new Map([...map].map(([key, value]) => [key, change(value)]))
