import type { FormStore, SavedForm } from './ports.ts'
import { formsOfOwner } from './saved-forms.ts'

/** Keeps forms in the memory of this process. */
export function memoryFormStore(): FormStore {
  const forms = new Map<string, SavedForm>()
  return {
    async saveForm(form, now) {
      for (const { key, expiresAt } of forms.values()) if (expiresAt <= now) forms.delete(key)
      forms.set(form.key, form)
      // In the order in which they were saved.
      const own = [...forms.values()].filter(({ owner }) => owner === form.owner)
      for (const { key } of own.slice(0, -formsOfOwner)) forms.delete(key)
    },
    async readForm(key, now) {
      const form = forms.get(key)
      return form !== undefined && form.expiresAt > now ? form : undefined
    },
    async takeForm(key) {
      return forms.delete(key)
    },
  }
}
