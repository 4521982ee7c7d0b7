// A name as Cloud Foundry takes it for orgs, spaces, apps and users.

export const PLATFORM_NAME = {
  type: 'text',
  pattern: /^[^\p{Cc}\p{Cs}]{1,255}$/u,
  allowed: '1 to 255 characters, none of them a control character',
} as const;
