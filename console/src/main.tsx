import './begin.ts';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { router } from './app/router.tsx';
import { credentialOf, readSettings } from './app/session.ts';
import { SignedIn } from './app/signed-in.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/controls.css';
import './styles/lists.css';
import './styles/states.css';
import './styles/overlays.css';
import './styles/tables.css';
import './styles/progress.css';
import './styles/screens.css';

// The screen is loaded while it is still asked who is signed in. A sign-in at a provider comes back to another address.
if (credentialOf(readSettings())) router.load();

const place = document.getElementById('root');
if (!place) throw new Error('The page has no place for the console.');

createRoot(place).render(
  <StrictMode>
    <SignedIn>
      <RouterProvider router={router} />
    </SignedIn>
  </StrictMode>,
);
