import { ask, query } from '../../web/page/ask.js'
import { sendInput, sendLast } from './desk-inputs.js'
import { createDoing } from './doing.js'
import { createReading, problemOf, repeatWhileVisible } from './reading.js'
import { redraw } from './redraw.js'
import { words } from './words.js'

/** @import { EarlyMessage } from '../desk-stream.ts' */
/** @import { Asked, DeskView, ListedCase } from '../desk-view.ts' */

/**
 * @typedef {{
 *   tenant: string, team: string, agent: string,
 *   languages: readonly string[], skills: readonly string[], capacity: number | undefined,
 * }} Who
 */
/** @typedef {{ who: string, role: string, forMs: number }} Typing */
/** @typedef {{ onTalk: (early: readonly EarlyMessage[]) => void, onTyping: (typing: Typing) => void, onLeft: () => void }} ShiftEvents */

/** How often the desk hears that the agent is there; it takes one for away after 15 minutes by default. */
const HEARTBEAT_MS = 60_000
/** How often the page reads by itself, whatever the stream tells. */
const EVERY_MS = 5_000

/**
 * An agent at a desk, from when the page opens until it closes: says that he is there, follows what the desk has, and does what he wants.
 *
 * @param {Who} who @param {ShiftEvents} events
 */
export function createShift(who, { onTalk, onTyping, onLeft }) {
  const { tenant, team, agent, languages, skills, capacity } = who
  const actor = { tenant, kind: 'desk', id: team }
  const path = `/console/data/desk/${encodeURIComponent(tenant)}/${encodeURIComponent(team)}`
  const desk = createReading(async () => /** @type {DeskView} */ (await ask(path)))
  /** What the cases said when they asked, by case. @type {Map<string, Asked>} */
  let asked = new Map()
  let skewMs = 0
  let said = ''
  const doing = createDoing(() => {
    said = ''
  })
  let isClosed = false
  /** @type {Set<string>} */
  let own = new Set()
  /** Cases that the agent himself gave away. @type {Set<string>} */
  const given = new Set()
  /** The case whose talk is followed. */
  let talk = ''
  /** @type {EventSource | null} */
  let stream = null

  const me = () => desk.value?.agents.find(({ name }) => name === agent)
  const caseOf = (/** @type {string} */ ref) => desk.value?.cases.find((one) => one.case === ref)

  const readAll = async () => {
    const view = await desk.load()
    if (view === undefined || isClosed) return
    skewMs = view.now - Date.now()
    const now = new Set(view.cases.filter((one) => one.held === 'assigned' && one.agent === agent).map((one) => one.case))
    const gone = [...own].filter((ref) => !now.has(ref) && !given.has(ref))
    if (gone.length > 0) said = words().desk.gone(gone.join(', '))
    own = now
    if (view.cases.some((one) => !asked.has(one.case))) await readAsked()
    // Another tab was closed, or the desk took him for away.
    if (isThere && me()?.isOnline === false) await beat()
  }
  const readAsked = async () => {
    try {
      const got = /** @type {{ asked: readonly Asked[] }} */ (await ask(`${path}/asked`)).asked
      asked = new Map(got.map((one) => [one.case, one]))
    } catch {
      // The inbox is of use without summaries; the next reading asks again.
    }
    redraw()
  }
  let reading = Promise.resolve()
  /** A reading that has not begun, for all who ask until it does. @type {Promise<void> | null} */
  let next = null
  /** Reads the desk as it is now or later. One reading at a time. */
  const load = () => {
    const begin = () => {
      next = null
      return readAll()
    }
    if (next === null) reading = next = reading.then(begin, begin)
    return next
  }

  let isThere = true
  const beat = async () => {
    try {
      const more = { ...(languages.length > 0 && { languages }), ...(skills.length > 0 && { skills }) }
      await sendInput(actor, 'agent.online', { agent, ...more, ...(capacity !== undefined && { capacity }) })
      doing.tell(undefined)
    } catch (error) {
      doing.tell(problemOf(error))
    }
    redraw()
  }
  const follow = () => {
    stream?.close()
    stream = document.hidden || isClosed ? null : new EventSource(`${path}/follow?${query(talk === '' ? {} : { case: talk })}`)
    stream?.addEventListener('desk', () => void load())
    stream?.addEventListener('talk', (/** @type {MessageEvent<string>} */ { data }) =>
      onTalk(/** @type {readonly EarlyMessage[]} */ (parsed(data))),
    )
    stream?.addEventListener('typing', (/** @type {MessageEvent<string>} */ { data }) => onTyping(/** @type {Typing} */ (parsed(data))))
  }
  // A browser has few connections to a host for all its tabs, so that only those which are seen follow.
  document.addEventListener('visibilitychange', follow)
  const stopReading = repeatWhileVisible(EVERY_MS, () => {
    if (stream?.readyState === EventSource.CLOSED) follow()
    void load()
  })
  const beating = setInterval(() => void beat(), HEARTBEAT_MS)
  const onHide = () => sendLast(actor, 'agent.offline', { agent })
  const onShow = (/** @type {PageTransitionEvent} */ event) => void (event.persisted ? beat().then(load) : undefined)
  addEventListener('pagehide', onHide)
  addEventListener('pageshow', onShow)
  /** Tabs of one agent go together. */
  const tabs = new BroadcastChannel('colloquy desk')
  const name = JSON.stringify([tenant, team, agent])
  tabs.onmessage = ({ data }) => {
    if (data === name) onLeft()
  }
  void beat().then(load)
  follow()

  const stop = () => {
    isClosed = true
    isThere = false
    stream?.close()
    tabs.close()
    stopReading()
    clearInterval(beating)
    document.removeEventListener('visibilitychange', follow)
    removeEventListener('pagehide', onHide)
    removeEventListener('pageshow', onShow)
  }
  /** @param {string} ref @param {string} type @param {Readonly<Record<string, unknown>>} [more] */
  const tellDesk = async (ref, type, more = {}) => {
    await sendInput(actor, type, { case: ref, agent, ...more })
    await load()
  }
  /** Gives a case away; `false`: the desk has left it with him. @param {string} ref @param {() => Promise<unknown>} work */
  const give = async (ref, work) => {
    given.add(ref)
    let isGiven = false
    await doing.run(async () => {
      await work()
      isGiven = true
    })
    if (!isGiven) given.delete(ref)
    return isGiven
  }

  return {
    who,
    /** Where the console has the data of the desk. */
    path,
    desk,
    load,
    act: doing.run,
    me,
    caseOf,
    isOwn: (/** @type {string} */ ref) => own.has(ref),
    askedOf: (/** @type {string} */ ref) => asked.get(ref),
    /** Milliseconds since 1970, by the server's clock. */
    now: () => Date.now() + skewMs,
    said: () => said,
    say: (/** @type {string} */ text) => {
      said = text
      redraw()
    },
    problem: () => doing.problem,
    isBusy: () => doing.isBusy,
    /** Follows the talk of a case; '' for none. @param {string} ref */
    followTalk: (ref) => {
      if (talk === ref) return
      talk = ref
      follow()
    },
    /** Takes a case. Whether it is his now. @param {string} ref */
    take: async (ref) => {
      given.delete(ref)
      await doing.run(async () => {
        await tellDesk(ref, 'case.accepted')
        if (!own.has(ref)) said = whyNot(caseOf(ref), me(), agent)
      })
      return own.has(ref)
    },
    /** @param {string} ref */
    decline: (ref) => doing.run(() => tellDesk(ref, 'case.declined')),
    /** @param {string} ref @param {string} agreed */
    giveBack: (ref, agreed) => give(ref, () => tellDesk(ref, 'case.returned', agreed === '' ? {} : { agreed })),
    /** @param {string} ref @param {{ agent: string } | { team: string }} to @param {string} note */
    transfer: async (ref, to, note) => {
      const isSent = await give(ref, () => tellDesk(ref, 'case.transferred', { to, ...(note !== '' && { note }) }))
      if (!isSent || !own.has(ref)) return isSent
      given.delete(ref)
      said = words().desk.unavailable('agent' in to ? to.agent : to.team)
      redraw()
      return false
    },
    /** @param {string} ref @param {() => Promise<unknown>} work */
    resolve: give,
    /** Goes home: no more offers. With `release`, the cases that he has wait for somebody else. @param {boolean} release */
    leave: async (release) => {
      isThere = false
      await doing.run(() => sendInput(actor, 'agent.offline', { agent, release }))
      if (doing.problem !== undefined) {
        isThere = true
        return
      }
      tabs.postMessage(name)
      stop()
      onLeft()
    },
    /** Ends what the page does here, without a word to the desk. */
    stop,
    /** The page goes on to another place: no more offers meanwhile. */
    close: () => {
      if (isClosed) return
      stop()
      onHide()
    },
  }
}

/** @param {string} text @returns {unknown} */
const parsed = (text) => JSON.parse(text)

/**
 * Why a case that an agent wanted is not his.
 *
 * @param {ListedCase | undefined} found @param {DeskView['agents'][number] | undefined} me @param {string} agent
 */
function whyNot(found, me, agent) {
  const text = words().desk
  if (found === undefined) return text.closed
  if (found.agent !== null && found.agent !== agent && found.held === 'assigned') return text.taken(found.case, found.agent)
  return me !== undefined && me.load >= me.capacity ? text.full(String(me.capacity)) : text.notTaken(found.case)
}
