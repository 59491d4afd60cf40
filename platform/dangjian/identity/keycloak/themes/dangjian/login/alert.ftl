<svg class="dj-icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4.25l8.5 15h-17z"/><path d="M12 10v4.25M12 16.75v.1"/></svg>
