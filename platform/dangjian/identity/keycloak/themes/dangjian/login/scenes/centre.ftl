<svg class="dj-scene" viewBox="0 0 390 232" preserveAspectRatio="xMidYMax slice" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">
  <circle cx="296" cy="66" r="26" fill="#D3E0E6" stroke="none"/>
  <path d="M0 146c54-34 96-44 140-20 34 18 64-26 108-26 54 0 88 40 142 20v112H0z" fill="#D6E2E8" stroke="none"/>
  <path d="M0 176c46-20 92-24 146-8 50 14 104-22 156-14 36 6 60 16 88 8v70H0z" fill="#C2D3DB" stroke="none"/>
  <path d="M0 204c60-16 120-10 180-2s140-14 210 2v28H0z" fill="#A9C0CB" stroke="none"/>
  <path d="M26 168c30-16 66-26 98-14M236 118c20-10 44-8 60 2M160 186c40-6 66-16 96-20M40 206c60-12 96-4 142 2M240 208c46-8 84-8 126-2" opacity=".55"/>
  <path d="M64 74c-16 0-22-18-8-24 2-16 24-20 32-8 12-6 26 4 22 16 12 4 8 16-4 16zM196 52c-10 0-14-12-5-16 1-10 15-13 20-5 8-4 17 3 14 10 8 3 5 11-3 11z" fill="#F3F8FA"/>
  <path d="M150 96c6-6 11-6 15 0 4-6 9-6 15 0M188 84c4-4 8-4 11 0 3-4 7-4 11 0"/>
</svg>
