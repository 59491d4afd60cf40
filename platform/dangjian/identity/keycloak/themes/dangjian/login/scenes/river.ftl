<svg class="dj-scene" viewBox="0 0 390 232" preserveAspectRatio="xMidYMax slice" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">
  <circle cx="300" cy="72" r="26" fill="#F1DCAE" stroke="none"/>
  <path d="M0 138c40-22 74-30 112-22 30 6 52-14 84-12 44 2 66 22 104 16 36-6 60-10 90 0v112H0z" fill="#EEDDB8" stroke="none"/>
  <path d="M0 150h390" stroke-width="2.5"/><path d="M-10 151L50 112l60 38 60-38 60 38 60-38 60 38 60-38"/><path d="M50 112v38M170 112v38M290 112v38M20 131v19M80 131v19M140 131v19M200 131v19M260 131v19M320 131v19M380 128v22" opacity=".55"/>
  <path d="M50 150v30M110 150v32M170 150v34M230 150v34M290 150v32M350 150v30" stroke-width="5" stroke="#A98549"/>
  <path d="M0 178c50-10 96 8 146-1s96-9 146 0 70 5 98-1v56H0z" fill="#E3C98F" stroke="none"/>
  <path d="M12 196c40-7 64 6 104-1M150 192c46-8 80 7 126-1M300 198c30-6 52 3 84-2M40 214c56-8 92 8 150-1M226 214c46-7 84 6 132-1" opacity=".6"/>
  <path d="M96 62c6-6 11-6 15 0 4-6 9-6 15 0M136 46c4-4 8-4 11 0 3-4 7-4 11 0"/>
</svg>
