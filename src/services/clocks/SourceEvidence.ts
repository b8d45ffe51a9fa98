/**
 * What phc2sys says of its sources: which one it follows, and that there is none. A source is not measured.
 * ProgramEvidence uses it.
 */
import { mapValues } from "./BoundedMap.ts"
import { doubted, type Measurement, stopped, undoubted } from "./Measurement.ts"

/** phc2sys 1.5 prints no name for the clock; then it is the system clock. */
export const systemClock = "CLOCK_REALTIME"

export interface SourceEvidence {
  readonly measurements: ReadonlyMap<string, Measurement>
  readonly printInterval: bigint | undefined
  /** phc2sys: the NIC whose clock it follows, or `CLOCK_REALTIME`; undefined while it has not said so. */
  readonly source: string | undefined
  /** True for a phc2sys that has chosen between several ptp4l. */
  readonly hasSeveralSources: boolean
}

// phc2sys.c, reconfigure and do_domain_loop: after these messages it compares nothing until it prints an offset again.
const lostSource =
  /^(?:nothing to synchronize|Waiting for ptp4l|no PHC ready|(?:source|master) clock not ready|multiple (?:source|master) clocks available)/

// phc2sys.c, reconfigure: up to 4.0, for each of several ptp4l, and which of these the others follow too.
const sourceOfDomain = /^selecting (\S+) as (?:the master|domain source|source) clock$/
const sourceOfAll = /^selecting (\S+) as out-of-domain source clock$/

/**
 * After a reconfiguration other clocks may be sources. Only the measurement of the system clock stays, for a moment:
 * linuxptp 4.1 and newer say nothing when the source is lost, but then they name none.
 */
export const observeSourceMessage = <E extends SourceEvidence>(evidence: E, text: string, now: bigint): E => {
  const { hasSeveralSources, measurements, printInterval } = evidence
  const goesOn = () => mapValues(measurements, (one) => undoubted(one, printInterval))
  if (lostSource.test(text)) {
    // It is about one of several ptp4l, and the system clock goes on as before (phc2sys.c, reconfigure).
    return hasSeveralSources
      ? { ...evidence, measurements: goesOn() }
      : { ...evidence, source: undefined, measurements: mapValues(measurements, stopped) }
  }
  const ofAll = sourceOfAll.exec(text)?.[1]
  const named = ofAll ?? sourceOfDomain.exec(text)?.[1]
  if (named !== undefined) {
    return {
      ...evidence,
      source: ofAll ?? evidence.source ?? named,
      hasSeveralSources: hasSeveralSources || ofAll !== undefined,
      measurements: new Map([...goesOn()].filter(([clock]) => clock !== named))
    }
  }
  if (!text.startsWith("reconfiguring after port state change")) return evidence
  const systemClocks = [...measurements].filter(([clock]) => clock === systemClock)
  return {
    ...evidence,
    source: undefined,
    measurements: mapValues(new Map(systemClocks), (one) => doubted(one, now))
  }
}
