import { z } from 'zod'
import { alertCleared, alertRaised, notificationDropped, notificationSent, readingsTaken } from '../../../../schemas/trigger-events.ts'
import type { LoggedRecord } from '../chaos-history.ts'
import { type CreateFollower, emittedOf, entryOf, idIn, kindIn } from './follower.ts'

/** The conditions of all triggers of a run: `value > 85.0` until `value < 50.0`. */
const [ABOVE, BELOW] = [85, 50]

interface Series {
  value: number
  /** Whether the condition of each trigger that watches it is met. */
  readonly met: Map<string, boolean>
}
interface Trigger {
  /** Crossings that the readings have, and what the trigger said of them. */
  crossings: number
  ends: number
  raised: number
  cleared: number
  /** Notifications by alert and what they are about, and those of them that were dropped. */
  readonly notified: Map<string, number>
  readonly dropped: Set<string>
}
interface Trade {
  isStopped: boolean
  day: string
  traded: number
}

const orderSchema = z.object({ quantity: z.number() })
const tradeSchema = z.object({ traded: z.number() })
const DAILY_MAX = 1_000

/** A crossing raises one alert, which ends once and is told once; without a crossing there is none. An order is taken or refused once. */
export const followAlerts: CreateFollower = (report) => {
  const series = new Map<string, Series>()
  const triggers = new Map<string, Trigger>()
  const trades = new Map<string, Trade>()
  const triggerOf = (id: string): Trigger =>
    entryOf(triggers, id, () => ({
      crossings: 0,
      ends: 0,
      raised: 0,
      cleared: 0,
      notified: new Map<string, number>(),
      dropped: new Set<string>(),
    }))

  const evaluate = (one: Series, id: string, values: readonly number[]): void => {
    const before = one.met.get(id) === true
    let [isMet, wasMet] = [before, false]
    for (const value of values) {
      isMet = isMet ? !(value < BELOW) : value > ABOVE
      wasMet ||= isMet
    }
    one.met.set(id, isMet)
    const trigger = triggerOf(id)
    // Between two inputs, the readings of one may begin and end a crossing.
    if (!before && (isMet || wasMet)) trigger.crossings += 1
    if (!isMet && (before || wasMet)) trigger.ends += 1
  }
  const takeSeries = ({ actor, record: { input } }: LoggedRecord): void => {
    const one = entryOf(series, actor, () => ({ value: NaN, met: new Map<string, boolean>() }))
    if (input.type === 'series.watched') {
      const id = input.source.split('/').at(-1) ?? ''
      one.met.set(id, false)
      evaluate(one, id, [one.value])
    }
    if (input.type !== 'readings.taken') return
    const values = readingsTaken.parse(input.data).readings.map(({ value }) => value)
    for (const id of one.met.keys()) evaluate(one, id, values)
    one.value = values.at(-1) ?? one.value
  }
  const takeTrigger = ({ seq, actor, record }: LoggedRecord): void => {
    const trigger = triggerOf(idIn(actor))
    const isNext = (alert: string): boolean => alert.endsWith(`-${trigger.raised}`)
    for (const data of emittedOf(record, 'alert.raised')) {
      const { alert } = alertRaised.parse(data)
      if (trigger.raised !== trigger.cleared) report('alert', `LOG ${seq}: ${actor} raises ${alert} while another one is open`)
      trigger.raised += 1
      if (!isNext(alert)) report('alert', `LOG ${seq}: ${actor} raises ${alert} as its alert ${trigger.raised}`)
    }
    for (const data of emittedOf(record, 'alert.cleared')) {
      const { alert } = alertCleared.parse(data)
      trigger.cleared += 1
      if (!isNext(alert) || trigger.cleared !== trigger.raised) report('alert', `LOG ${seq}: ${actor} clears ${alert}, which is not open`)
    }
    for (const data of emittedOf(record, 'notification.dropped')) {
      const { alert, about } = notificationDropped.parse(data)
      trigger.dropped.add(alert)
      if (about !== 'raised') report('alert', `LOG ${seq}: ${actor} drops that ${alert} is over`)
    }
    const ends = ['notification.sent', 'notification.failed', 'notification.dropped'] as const
    for (const data of ends.flatMap((type) => emittedOf(record, type))) {
      const { alert, about } = notificationSent.parse(data)
      trigger.notified.set(`${alert} ${about}`, (trigger.notified.get(`${alert} ${about}`) ?? 0) + 1)
    }
  }
  const takeTrade = ({ seq, actor, record }: LoggedRecord): void => {
    const trade = entryOf(trades, actor, () => ({ isStopped: false, day: '', traded: 0 }))
    const { input, at } = record
    if (input.type === 'trading.stopped') trade.isStopped = true
    if (input.type === 'trading.resumed') trade.isStopped = false
    if (input.type !== 'order.placed') return
    const { quantity } = orderSchema.parse(input.data)
    const day = at.slice(0, 10)
    const before = day === trade.day ? trade.traded : 0
    const isTaken = !trade.isStopped && before + quantity <= DAILY_MAX
    if (isTaken) Object.assign(trade, { day, traded: before + quantity })
    const [accepted, refused] = [emittedOf(record, 'order.accepted').length, emittedOf(record, 'order.refused').length]
    if (accepted !== Number(isTaken) || refused !== Number(!isTaken)) {
      report(
        'alert',
        `LOG ${seq}: ${actor} accepts ${accepted} and refuses ${refused} orders; expected it ${isTaken ? 'accepted' : 'refused'}`,
      )
    }
    const { traded } = tradeSchema.parse(record.label)
    if (traded !== trade.traded) report('alert', `LOG ${seq}: ${actor} has traded ${traded}; expected ${trade.traded}`)
  }

  return {
    kinds: ['series', 'trigger', 'trade'],
    take(entry) {
      const kind = kindIn(entry.actor)
      if (kind === 'series') takeSeries(entry)
      else if (kind === 'trigger') takeTrigger(entry)
      else takeTrade(entry)
    },
    finish() {
      for (const [id, { crossings, ends, raised, cleared, notified, dropped }] of triggers) {
        if (raised !== crossings) report('alert', `${id} raised ${raised} alerts for ${crossings} crossings`)
        if (cleared !== ends) report('alert', `${id} cleared ${cleared} alerts; ${ends} crossings ended`)
        for (const [alert, count] of notified) if (count !== 1) report('alert', `${alert} of ${id} was told ${count} times`)
        // Of the end, those are told who were told of the beginning, or were being told.
        const toldEnds = [...notified.keys()].filter((told) => told.endsWith(' cleared')).length
        const toldBeginnings = notified.size - toldEnds
        if (toldBeginnings !== raised) report('alert', `${id} told or dropped ${toldBeginnings} of ${raised} raised alerts`)
        if (toldEnds > cleared || toldEnds < cleared - dropped.size)
          report('alert', `${id} told ${toldEnds} of ${cleared} ends, and dropped ${dropped.size} notifications`)
      }
    },
  }
}
