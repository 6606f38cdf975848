import { isDecision } from '../../../pipeline/watchdog/kind-code.ts'
import { blameInSlotFile, clearSlotFile } from '../../../pipeline/watchdog/slot-file.ts'
import type { Block } from '../../../pipeline/watchdog/watchdog.ts'

/** The slot file in the hands of a watchdog, while the thread that writes it is blocked. */
export interface SlotOfBlock {
  /** Names the decision that left the code behind; the input that the thread decided last has nothing to do with it. */
  blame(block: Block): void
  /** The thread goes on. */
  forget(): void
}

/** @param path absent: the next start need not know */
export function slotOfBlock(path: string | undefined): SlotOfBlock {
  let isWritten = false
  return {
    blame({ code, isLeftBehind }) {
      if (path === undefined || (isDecision(code) && !isLeftBehind)) return
      isWritten = true
      if (isDecision(code)) blameInSlotFile(path, code)
      else clearSlotFile(path)
    },
    forget() {
      if (path !== undefined && isWritten) clearSlotFile(path)
      isWritten = false
    },
  }
}
