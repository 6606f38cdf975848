/** Characters of an event that has not ended. A longer one is given up with its stream. */
const EVENT_CHARS_MAX = 4 * 1024 ** 2

/** @typedef {{ type: string, id: string, data: unknown }} ServerEvent */

/**
 * The server-sent events of an answer. `EventSource` cannot be used: it sends no token.
 *
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {() => void} onBytes called whenever something came, also a heartbeat
 * @returns {AsyncGenerator<ServerEvent, void>}
 */
export async function* eventsOf(body, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    onBytes()
    const blocks = (rest + value).split('\n\n')
    rest = blocks.pop() ?? ''
    if (rest.length > EVENT_CHARS_MAX) throw new Error('an event of the server is too long')
    for (const block of blocks) {
      /** @type {Map<string, string>} */
      const fields = new Map()
      for (const line of block.split('\n')) {
        const [, name = '', value = ''] = /^(\w*): ?(.*)$/.exec(line) ?? []
        fields.set(name, value)
      }
      const data = fields.get('data')
      yield { type: fields.get('event') ?? '', id: fields.get('id') ?? '', data: data === undefined ? undefined : parsed(data) }
    }
  }
}

/** @param {string} text @returns {unknown} */
const parsed = (text) => JSON.parse(text)
