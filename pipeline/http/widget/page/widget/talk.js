import { eventsOf } from './sse.js'
import { createVisit, Refused } from './visit.js'

/** @import { KeptStorage } from './browser-storage.js' */
/** @import { ServerEvent } from './sse.js' */

/** Characters of a message; the server has the same limit. */
export const TEXT_CHARS_MAX = 8_000
/** Messages that wait until they can be sent. */
const WAITING_MAX = 20
const PAUSE_MS_MIN = 1_000
const PAUSE_MS_MAX = 30_000
/** The server sends something every 15 s. A stream that is silent for longer is broken. */
const HEARTBEAT_TIMEOUT_MS = 40_000
/** How long the server holds the answer to a message open; the reply comes by the stream. */
const REPLY_MS = 5_000

/** @typedef {{ id: string, text: string }} Waiting */
/** @typedef {'connecting' | 'online' | 'offline' | 'off'} State */

/**
 * @typedef {object} TalkOptions
 * @property {string} server
 * @property {string} tenant
 * @property {string | undefined} kind
 * @property {KeptStorage} storage
 * @property {(event: ServerEvent) => void} onEvent what people see of the conversation, from its first message on
 * @property {(state: State) => void} onState
 * @property {() => void} onRestart the conversation is another one, and begins
 * @property {() => void} onSent messages wait, or wait no more
 * @property {(why: string) => void} onFailed a message was refused for good
 * @property {(seconds: number) => void} onBusy the server takes more messages after this time
 */

/**
 * A conversation with the server: it resumes after its last event, and messages that cannot be sent now are sent later, each once.
 *
 * @param {TalkOptions} options
 */
export function createTalk({ server, tenant, kind, storage, onEvent, onState, onRestart, onSent, onFailed, onBusy }) {
  const visit = createVisit({ server, tenant, kind, storage })
  let last = '0'
  let followed = ''
  let isOpen = false
  let isSending = false
  /** @type {AbortController | undefined} */
  let stream
  let isRunning = false
  /** Messages that the server has, and the stream has not shown. */
  const taken = new Set()
  /** @type {Set<() => void>} */
  const wakes = new Set()
  const wake = () => {
    for (const end of [...wakes]) end()
  }

  /** Passes after a time, or as soon as the network is back or the page is looked at. @param {number} ms */
  const pause = (ms) =>
    new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      const end = () => {
        wakes.delete(end)
        resolve()
      }
      wakes.add(end)
      if (ms < Infinity) setTimeout(end, ms)
    })
  const isSeen = () => document.visibilityState === 'visible'

  async function follow() {
    let pauseMs = PAUSE_MS_MIN
    while (isOpen) {
      // A page that nobody looks at takes no stream of the server, and no connection of the browser.
      if (!isSeen()) await pause(Infinity)
      if (!isOpen) break
      stream = new AbortController()
      const { signal } = stream
      let silence = 0
      const heard = () => {
        clearTimeout(silence)
        silence = setTimeout(() => stream?.abort(), HEARTBEAT_TIMEOUT_MS)
      }
      try {
        heard()
        const { conversation } = await visit.current()
        if (followed !== conversation.id) {
          if (followed !== '') onRestart()
          taken.clear()
          followed = conversation.id
          last = '0'
        }
        const { body } = await visit.ask(
          ({ id, kind: of }) => `/v1/chat/${tenant}/${id}/messages?kind=${of}&after=${last}`,
          undefined,
          signal,
        )
        onState('online')
        pauseMs = PAUSE_MS_MIN
        void deliver()
        if (body === null) continue
        for await (const event of eventsOf(body, heard)) {
          if (event.id !== '') last = event.id
          if (event.data !== undefined) take(event)
        }
      } catch (error) {
        if (!isOpen) break
        const isRefused = error instanceof Refused && !error.isPassing && error.status !== 401
        if (isRefused) {
          // For the owner of the site, in the console of the browser.
          reportError(error)
          onState('off')
          break
        }
        if (error instanceof Refused) pauseMs = Math.max(pauseMs, error.seconds * 1_000)
      } finally {
        clearTimeout(silence)
      }
      if (!isOpen) break
      if (!isSeen()) continue
      onState(navigator.onLine ? 'connecting' : 'offline')
      await pause(pauseMs * (0.5 + Math.random()))
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)
    }
    isRunning = false
  }
  /** @param {ServerEvent} event */
  function take(event) {
    const { id } = /** @type {{ id?: string }} */ (event.data)
    if (event.type === 'message' && id !== undefined) remove(id)
    onEvent(event)
  }

  /** @returns {Waiting[]} */
  const waiting = () => {
    const kept = storage.get('waiting')
    return Array.isArray(kept) ? /** @type {Waiting[]} */ (kept) : []
  }
  /** @param {string} id */
  const remove = (id) => {
    const rest = waiting().filter((one) => one.id !== id)
    if (rest.length < waiting().length) storage.set('waiting', rest)
    onSent()
  }

  async function deliver() {
    if (isSending) return
    isSending = true
    const next = () => waiting().find(({ id }) => !taken.has(id))
    try {
      for (let first = next(); first !== undefined && isOpen; first = next()) {
        try {
          const message = { ...first, channel: 'web' }
          await visit.ask(({ id, kind: of }) => `/v1/chat/${tenant}/${id}?kind=${of}&timeoutMs=${REPLY_MS}`, message)
          taken.add(first.id)
        } catch (error) {
          if (!(error instanceof Refused)) return stream?.abort()
          if (error.status === 401) return stream?.abort()
          // There is no chat here; the stream says so.
          if (error.status === 403 || error.status === 404) return
          if (!error.isPassing) {
            remove(first.id)
            onFailed(error.message)
          } else {
            if (error.status === 429) onBusy(error.seconds)
            await pause(Math.max(error.seconds * 1_000, PAUSE_MS_MIN))
          }
        }
      }
    } finally {
      isSending = false
    }
  }

  addEventListener('online', wake)
  addEventListener('offline', () => {
    if (isOpen) onState('offline')
    stream?.abort()
  })
  document.addEventListener('visibilitychange', () => {
    if (isSeen()) wake()
    else stream?.abort()
  })
  storage.watch('visit', () => stream?.abort())
  storage.watch('waiting', onSent)

  return {
    waiting,
    open() {
      if (isOpen) return
      isOpen = true
      onState('connecting')
      if (isRunning) return
      isRunning = true
      void follow()
    },
    close() {
      isOpen = false
      stream?.abort()
      wake()
    },
    /** @param {string} text @returns whether there is room for it */
    send(text) {
      const rest = waiting()
      if (rest.length >= WAITING_MAX) return false
      storage.set('waiting', [...rest, { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, text }])
      onSent()
      void deliver()
      return true
    },
    /**
     * Sends another input than a message.
     *
     * @param {string} of kind of the actor that asked for it
     * @param {string} type
     * @param {object} data
     */
    input: (of, type, data) => visit.ask(({ id }) => `/v1/in/${tenant}/${of}/${id}`, { type, data }),
  }
}

/** @typedef {ReturnType<typeof createTalk>} Talk */
