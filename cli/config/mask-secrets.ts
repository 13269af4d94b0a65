/** Takes secrets out of what is printed. */

export const mask = '********'

/** Passwords inside addresses, and what follows the "?" of one. */
export function maskAddress(text: string): string {
  if (!/^[a-z][a-z\d+.-]*:\/\//iu.test(text)) return text
  return text.replace(/(?<=:\/\/)[^/?#]*@/u, `${mask}@`).replace(/\?[^#]*/u, `?${mask}`)
}

/** For maps with names that only the operator knows. */
export function isSecretName(name: string): boolean {
  return /pass|secret|token|credential|authorization|cookie|api-?key/iu.test(name)
}
