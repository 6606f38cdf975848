/** @type {(() => void)[]} */
const listeners = []
let isDue = false

/** Has the page drawn again before the next frame, once however often it is called. */
export function redraw() {
  if (isDue) return
  isDue = true
  requestAnimationFrame(() => {
    isDue = false
    for (const listener of listeners) listener()
  })
}

/** @param {() => void} listener */
export const onRedraw = (listener) => void listeners.push(listener)
