import { LOOK } from './widget/look.js'
import { wordsOf } from './widget/widget-words.js'

/** @import { Panel } from './widget/panel.js' */

/**
 * The chat widget: a button that opens a conversation. The script tag that loads this module says with whom:
 * `<script type="module" src="https://chat.example/widget.js" data-tenant="shop"></script>`.
 */
const tag = [...document.querySelectorAll('script')].find(({ src }) => src === import.meta.url)
const { tenant = '', kind, accent = '', lang, title } = tag?.dataset ?? {}
if (tenant === '') throw new Error('the script tag of the chat widget needs the attribute data-tenant')

const language = lang ?? (document.documentElement.lang || navigator.language)
const words = wordsOf(language)
const host = document.createElement('colloquy-chat')
host.lang = words.lang
host.dir = 'ltr'
const root = host.attachShadow({ mode: 'open' })
const sheet = new CSSStyleSheet()
sheet.replaceSync(LOOK)
root.adoptedStyleSheets = [sheet]
if (CSS.supports('color', accent)) host.style.setProperty('--accent', accent)

const button = document.createElement('button')
button.type = 'button'
button.className = 'open'
button.textContent = title ?? words.open
button.setAttribute('aria-expanded', 'false')
root.append(button)
document.body.append(host)

/** @type {Promise<Panel> | undefined} */
let loading

/** Loads the rest the first time; a load that fails is tried again by the next click. */
async function open() {
  button.disabled = true
  try {
    loading ??= import('./widget/panel.js').then(({ createPanel }) =>
      createPanel({
        server: new URL('.', import.meta.url).href.replace(/\/$/, ''),
        tenant,
        kind,
        title: title ?? words.title,
        words,
        onClose: closed,
      }),
    )
    const panel = await loading
    if (!panel.element.isConnected) root.append(panel.element)
    button.hidden = true
    button.setAttribute('aria-expanded', 'true')
    panel.show()
  } catch (error) {
    loading = undefined
    button.textContent = words.again
    throw error
  } finally {
    button.disabled = false
  }
}

function closed() {
  button.hidden = false
  button.setAttribute('aria-expanded', 'false')
  button.focus()
}

button.addEventListener('click', () => void open())
