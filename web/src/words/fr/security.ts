export const security = {
  'security.title': 'Ma sécurité',
} as const;
